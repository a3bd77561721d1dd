package message

// applyMessages are those of plan, apply and simulate.
var applyMessages = map[ID]entry{}
