package message

// sheetMessages are those of the reader of environment sheets and the generator of definitions.
var sheetMessages = map[ID]entry{}
