package message

// setupMessages are those of init.
var setupMessages = map[ID]entry{}
