package pg

import (
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// HBARule is a rule of pg_hba.conf. Names that are key words there ("all",
// "replication", "samehost") are told from names by their quotes, which the
// view pg_hba_file_rules does not show: a database called "all" is taken for the
// word.
type HBARule struct {
	File             string
	Line             int
	Type             string // "local", "host", "hostssl" ...
	Databases, Users []string
	// Address is empty for local; else "all", "samehost", "samenet", an
	// address, or a host name. Netmask is empty where Address needs none.
	Address, Netmask string
	Method           string
	Options          []string
	// Error says what is wrong with the line, "" for nothing.
	Error string
}

// String is the rule as it could stand in the file.
func (r HBARule) String() string {
	words := []string{r.Type, strings.Join(r.Databases, ","), strings.Join(r.Users, ","), r.Address, r.Netmask, r.Method}
	words = append(words, r.Options...)
	return strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " ")
}

// At is where the rule stands, for people.
func (r HBARule) At() string { return fmt.Sprintf("%s:%d", r.File, r.Line) }

// ReadHBA reads the file, with what it includes from release 16 on.
func (i *Instance) ReadHBA(path string) ([]HBARule, error) {
	return i.readHBA(path, 0)
}

func (i *Instance) readHBA(path string, depth int) ([]HBARule, error) {
	text, err := i.readFile(path)
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", path, reason(err))
	}
	var rules []HBARule
	n, begun, whole := 0, 0, ""
	for line := range strings.Lines(string(text)) {
		n++
		if whole == "" {
			begun = n
		}
		line = strings.TrimRight(line, "\r\n")
		if part, goesOn := strings.CutSuffix(line, `\`); goesOn { // from release 14 on
			whole += part
			continue
		}
		r, there := hbaRule(whole + line)
		whole = ""
		if !there {
			continue
		}
		r.File, r.Line = path, begun
		if !slices.Contains(includes, r.Type) || r.Error != "" {
			rules = append(rules, r)
			continue
		}
		included, err := i.includeHBA(r, depth)
		if err != nil {
			r.Error = err.Error()
			rules = append(rules, r)
		}
		rules = append(rules, included...)
	}
	return rules, nil
}

func (i *Instance) includeHBA(r HBARule, depth int) ([]HBARule, error) {
	if depth == maxIncludes {
		return nil, errors.New("files include each other too deep")
	}
	path := strings.Join(r.Databases, ",")
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(r.File), path)
	}
	if r.Type != "include_dir" {
		rules, err := i.readHBA(path, depth+1)
		if r.Type == "include_if_exists" && err != nil {
			return nil, nil
		}
		return rules, err
	}
	files, err := filepath.Glob(filepath.Join(path, "*.conf"))
	var all []HBARule
	for _, file := range files {
		rules, readErr := i.readHBA(file, depth+1)
		all, err = append(all, rules...), errors.Join(err, readErr)
	}
	return all, err
}

// hbaRule takes a line apart (hba.c, next_token).
func hbaRule(line string) (r HBARule, there bool) {
	fields := hbaFields(line)
	if len(fields) == 0 {
		return r, false
	}
	wrong := func(text string) (HBARule, bool) { r.Error = text; return r, true }
	take := func() []string {
		if len(fields) == 0 {
			return nil
		}
		f := fields[0]
		fields = fields[1:]
		return f
	}
	first := func() string { return strings.Join(take(), ",") }
	r.Type = first()
	if slices.Contains(includes, r.Type) {
		if r.Databases = take(); len(r.Databases) == 0 {
			return wrong("no file after " + r.Type)
		}
		return r, true
	}
	if !slices.Contains([]string{"local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"}, r.Type) {
		return wrong(fmt.Sprintf("invalid connection type %q", r.Type))
	}
	r.Databases, r.Users = take(), take()
	if r.Type != "local" {
		r.Address = first()
		if prefix, err := netip.ParsePrefix(r.Address); err == nil {
			r.Address, r.Netmask = prefix.Addr().String(), mask(prefix)
		} else if _, err := netip.ParseAddr(r.Address); err == nil {
			r.Netmask = first()
			if _, err := netip.ParseAddr(r.Netmask); err != nil {
				return wrong(fmt.Sprintf("no mask after address %s", r.Address))
			}
		}
	}
	r.Method = first()
	for len(fields) > 0 {
		r.Options = append(r.Options, first())
	}
	if r.Method == "" {
		return wrong("the line is not complete")
	}
	return r, true
}

// mask is the mask of a prefix as an address.
func mask(p netip.Prefix) string {
	bytes := make([]byte, p.Addr().BitLen()/8)
	for bit := range p.Bits() {
		bytes[bit/8] |= 0x80 >> (bit % 8)
	}
	a, _ := netip.AddrFromSlice(bytes)
	return a.String()
}

// hbaFields are the fields of a line, each a list of names.
func hbaFields(line string) [][]string {
	var fields [][]string
	var list []string
	var word strings.Builder
	begun, quoted, comma := false, false, false
	endWord := func() {
		if begun {
			list = append(list, word.String())
			word.Reset()
			begun = false
		}
	}
	for k := 0; k < len(line); k++ {
		c := line[k]
		switch {
		case quoted && c == '"' && k+1 < len(line) && line[k+1] == '"':
			word.WriteByte('"')
			k++
		case c == '"':
			quoted, begun, comma = !quoted, true, false
		case quoted:
			word.WriteByte(c)
		case c == '#':
			k = len(line)
		case c == ',':
			endWord()
			comma = true
		case c == ' ' || c == '\t':
			endWord()
			// Blanks may stand after a comma.
			if len(list) > 0 && !comma && !strings.HasPrefix(strings.TrimLeft(line[k:], " \t"), ",") {
				fields, list = append(fields, list), nil
			}
		default:
			begun, comma = true, false
			word.WriteByte(c)
		}
	}
	endWord()
	if len(list) > 0 {
		fields = append(fields, list)
	}
	return fields
}

// HBAConn is a connection that rules are looked up for.
type HBAConn struct {
	Replication bool // a physical replication connection, which names no database
	Database    string
	User        string
	From        netip.Addr
	TLS         bool
	// Own are the server's addresses, for samehost and samenet.
	Own []netip.Prefix
}

// MatchHBA finds the first rule that matches. Where a rule before it may match
// too, and only the server can tell (a host name, a group of roles, a file of
// names), that one is returned with sure false. A rule with an error, which
// makes the server refuse the whole file, matches nothing.
func MatchHBA(rules []HBARule, c HBAConn) (r HBARule, found, sure bool) {
	for _, r := range rules {
		if r.Error != "" {
			continue
		}
		switch min(r.kind(c), r.database(c), r.user(c), r.address(c)) {
		case yes:
			return r, true, true
		case perhaps:
			return r, true, false
		}
	}
	return HBARule{}, false, true
}

// answer is whether something matches, so that min is "and", max is "or".
type answer int

const (
	no answer = iota
	perhaps
	yes
)

func when(b bool) answer {
	if b {
		return yes
	}
	return no
}

func (r HBARule) kind(c HBAConn) answer {
	switch r.Type {
	case "host", "hostnogssenc":
		return when(c.From.IsValid())
	case "hostssl":
		return when(c.From.IsValid() && c.TLS)
	case "hostnossl":
		return when(c.From.IsValid() && !c.TLS)
	case "local":
		return when(!c.From.IsValid())
	}
	return no
}

func (r HBARule) database(c HBAConn) answer {
	found := no
	for _, name := range r.Databases {
		switch {
		case name == "replication":
			found = max(found, when(c.Replication))
		case c.Replication: // no other name stands for it, not even "all"
		case name == "all" || name == c.Database || name == "sameuser" && c.User == c.Database:
			found = yes
		default:
			found = max(found, pattern(name, c.Database, "samerole", "samegroup"))
		}
	}
	return found
}

func (r HBARule) user(c HBAConn) answer {
	found := no
	for _, name := range r.Users {
		if name == "all" || name == c.User || name == "+"+c.User {
			return yes
		}
		if strings.HasPrefix(name, "+") {
			found = max(found, perhaps) // the roles of a group are in the catalog
		}
		found = max(found, pattern(name, c.User))
	}
	return found
}

// pattern is a regular expression of release 16 and newer, or a name that only
// the server knows the meaning of.
func pattern(name, value string, special ...string) answer {
	switch {
	case slices.Contains(special, name), strings.HasPrefix(name, "@"):
		return perhaps
	case !strings.HasPrefix(name, "/"):
		return no
	}
	re, err := regexp.Compile(name[1:])
	if err != nil {
		return perhaps // theirs are not quite ours
	}
	return when(re.MatchString(value))
}

func (r HBARule) address(c HBAConn) answer {
	if !c.From.IsValid() {
		return yes
	}
	switch r.Address {
	case "all":
		return yes
	case "samehost", "samenet":
		return when(slices.ContainsFunc(c.Own, func(p netip.Prefix) bool {
			return p.Addr() == c.From || r.Address == "samenet" && p.Masked().Contains(c.From)
		}))
	}
	a, err := netip.ParseAddr(r.Address)
	if err != nil {
		return perhaps // a host name
	}
	m, err := netip.ParseAddr(r.Netmask)
	if err != nil || a.BitLen() != c.From.BitLen() || m.BitLen() != a.BitLen() {
		return no
	}
	ab, mb, fb := a.AsSlice(), m.AsSlice(), c.From.AsSlice()
	for k := range ab {
		if ab[k]&mb[k] != fb[k]&mb[k] {
			return no
		}
	}
	return yes
}
