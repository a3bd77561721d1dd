package message

// doctorMessages are those of doctor.
var doctorMessages = map[ID]entry{}
