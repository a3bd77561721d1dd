package ocf

import (
	"os"
	"strings"
)

// Env is the environment of the agent. It is a value so that tests need no
// process environment.
type Env map[string]string

// OSEnv is the environment of this process.
func OSEnv() Env {
	env := Env{}
	for _, entry := range os.Environ() {
		if name, value, ok := strings.Cut(entry, "="); ok {
			env[name] = value
		}
	}
	return env
}

// Lookup tells a variable that is absent from one that is empty. For a
// parameter that is the difference between its default and nothing.
func (e Env) Lookup(name string) (string, bool) {
	value, ok := e[name]
	return value, ok
}

// Get is the value of a variable, empty when it is absent.
func (e Env) Get(name string) string { return e[name] }

// param looks up a parameter of the resource, meta one of its meta-attributes.
func (e Env) param(name string) (string, bool) { return e.Lookup("OCF_RESKEY_" + name) }
func (e Env) meta(name string) (string, bool)  { return e.Lookup("OCF_RESKEY_CRM_meta_" + name) }

func (e Env) metaValue(name string) string {
	value, _ := e.meta(name)
	return value
}

// IsTrue is the boolean of the OCF shell functions, in any case: Pacemaker
// ignores the case of booleans as well. Everything else is false.
func IsTrue(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "true", "1", "ja", "on":
		return true
	}
	return false
}
