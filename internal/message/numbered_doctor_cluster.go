package message

// doctorClusterMessages are those of doctor's checks of the cluster definition
// and of the operating system, numbered as in doctorMessages.
var doctorClusterMessages = map[ID]entry{}
