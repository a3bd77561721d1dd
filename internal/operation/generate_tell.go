package operation

import (
	"encoding/json"
	"fmt"
	"strings"

	"pgrex/internal/console"
	"pgrex/internal/message"
	"pgrex/internal/sheet"
)

// jsonMessage is a message on a sheet as a line of JSON.
type jsonMessage struct {
	Code   string `json:"code"`
	Level  string `json:"level"`
	File   string `json:"file"`
	Sheet  string `json:"worksheet,omitempty"` // as it was asked for
	Record int    `json:"record,omitempty"`
	Column string `json:"column,omitempty"`
	Hint   int    `json:"hint,omitempty"` // record to compare with
	Text   string `json:"text"`
}

// tell shows the messages, and answers with the exit status.
func (g *generator) tell() error {
	say := g.con.Say()
	file, worksheet := g.name, g.options.Worksheet
	if worksheet != "" {
		file += "[" + worksheet + "]"
	}
	for _, m := range g.messages {
		if !g.shown(m) {
			continue
		}
		line := m.Line(file, say)
		if g.json {
			b, err := json.Marshal(jsonMessage{m.Code(), m.Level().String(), g.name, worksheet, m.Row, m.Column, m.Hint, m.Text(say)})
			if err != nil {
				return err
			}
			line = string(b)
		}
		fmt.Fprintln(g.streams.Err, line)
	}
	wrong, warnings := sheet.Count(g.messages)
	last, status := "", 0
	switch {
	case wrong > 0:
		last, status = say.Text(message.GEN001, "errors", wrong), 1
	case warnings > 0 && g.verbosity < int(sheet.Warning) && !g.json:
		last, status = say.Text(message.GEN002, "warnings", warnings), 2
	case warnings > 0:
		last, status = say.Text(message.GEN003, "warnings", warnings), 2
	}
	if last != "" && !g.json {
		fmt.Fprintf(g.streams.Err, "%s: %s\n", g.program.invoked, last)
	}
	return console.Ended(status)
}

// shown says whether a message is for the screen. A program that reads JSON gets
// the warnings without asking.
func (g *generator) shown(m sheet.Message) bool {
	least := 0
	if g.json {
		least = int(sheet.Warning)
	}
	return m.Always || int(m.Level()) <= max(g.verbosity, least)
}

// details shows what was understood, from -VVVV on: the resources, and with one
// V more what agents they have. Values stay out: there may be passwords.
func (g *generator) details(s *sheet.Sheet) {
	const some, all = 4, 5
	if g.verbosity < some || g.json {
		return
	}
	for _, r := range s.Resources {
		depth := 0
		for p := r.Parent; p != nil; p = p.Parent {
			depth++
		}
		text := fmt.Sprintf("%s%s %s", strings.Repeat("  ", depth), r.Kind, r.ID)
		if agent := r.Agent(); g.verbosity >= all && agent != "" {
			text += " " + agent
		}
		fmt.Fprintf(g.streams.Err, "%s: DEBUG %s\n", g.name, text)
	}
}
