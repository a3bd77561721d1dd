package message

// doctorClusterMessages are those of doctor's checks of the cluster and of the
// operating system.
var doctorClusterMessages = map[ID]entry{}
