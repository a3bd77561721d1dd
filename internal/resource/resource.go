// Package resource makes of a resource's parameters what the rest of the
// program works with: the server's settings. The agent has the parameters from
// its environment, the operation commands from the CIB.
package resource

import (
	"pgrex/internal/crm"
	"pgrex/internal/ocf"
	"pgrex/internal/pg"
)

// Settings are those of the server that the parameters describe.
func Settings(p ocf.Params, user pg.User) pg.Settings {
	return pg.Settings{
		PgCtl: p.PgCtl, StartOpt: p.StartOpt, CtlOpt: p.CtlOpt,
		Data: p.PgData, Config: p.Config, Host: p.PgHost, Port: p.PgPort, Libs: p.PgLibs,
		MonitorUser: p.MonitorUser, MonitorPassword: p.MonitorPassword, DB: p.PgDB,
		LogFile: p.LogFile, SocketDir: p.SocketDir, TmpDir: p.TmpDir, User: user,
	}
}

// Env is the environment that the agent would have with a definition of the CIB.
func Env(def crm.Definition) ocf.Env {
	env := ocf.Env{}
	for name, value := range def.Params {
		env["OCF_RESKEY_"+name] = value
	}
	return env
}
