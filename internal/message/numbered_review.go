package message

// reviewMessages are those of the checks of a finished definition.
var reviewMessages = map[ID]entry{}
