package drill

import (
	"fmt"
	"strings"

	"pgrex/test/lab"
)

func stopStandby(r *Run) error { return r.operate(r.Standby, "pg-rex_stop", "--yes") }

// startStack starts the cluster's programs on the standby as a boot does,
// without the checks of an operation command.
func startStack(r *Run) error { return r.Standby.StartCluster(r) }

// startFails is a standby whose server cannot start. The words have to be in
// the reason that the agent gives, the doctor's in what pg-rex_doctor says there.
func startFails(id, name string, fault Text, spoil, mend string, words, doctor []string) Scenario {
	return Scenario{
		ID: id, Name: name, Course: Stays, Fault: fault,
		Expect: Text{"the start fails with what the server says; the primary goes on", "起動がサーバのログの内容を示して失敗し、Primary には影響しない"},
		Strike: func(r *Run) error {
			if err := stopStandby(r); err != nil {
				return err
			}
			if err := in(r.Standby, r, "pgbin="+r.PGBin()+"; "+spoil); err != nil {
				return err
			}
			return startStack(r)
		},
		Check: func(r *Run) error {
			if err := r.failure(r.Standby, "start", words...); err != nil {
				return err
			}
			if _, err := r.warned(r.Standby, words...); err != nil {
				return err
			}
			s, err := r.Standby.Operate(r, "C.UTF-8", "", "pg-rex_doctor")
			if err == nil && !hasAll(s.Text, doctor) {
				err = fmt.Errorf("the doctor does not say %q: %s", doctor, s.Text)
			}
			return err
		},
		Mend:   func(r *Run) error { return in(r.Standby, r, "pgbin="+r.PGBin()+"; "+mend) },
		Repair: standbyBack,
	}
}

// otherServer runs another database server on the port.
const otherServer = "/tmp/other"

func startFaults() []Scenario {
	conf := lab.PGData + "/postgresql.conf"
	return []Scenario{
		startFails("F17", "wrong setting on the standby",
			Text{"max_connections=many in the standby's postgresql.conf, then a start", "Standby の postgresql.conf に max_connections=many を設定して起動"},
			"cp -a "+conf+" /dbfp/whole.conf && echo 'max_connections = many' >> "+conf, "mv /dbfp/whole.conf "+conf,
			[]string{"max_connections"}, []string{"max_connections"}),
		// Pacemaker 2.1 makes no XML of a reason with other than ASCII text and a quote
		// behind it, and starts the instance again and again.
		startFails("F17j", "wrong setting in Japanese on the standby",
			Text{"max_connections='たくさん\"<&>' in the standby's postgresql.conf, then a start", "Standby の postgresql.conf に max_connections='たくさん\"<&>' を設定して起動"},
			"cp -a "+conf+" /dbfp/whole.conf && echo \"max_connections = 'たくさん\\\"<&>'\" >> "+conf, "mv /dbfp/whole.conf "+conf,
			[]string{"max_connections"}, []string{"max_connections"}),
		startFails("F17o", "wrong owner on the standby",
			Text{"the standby's data directory belongs to root, then a start", "Standby のデータディレクトリの所有者を root にして起動"},
			"chown root:root "+lab.PGData, "chown postgres:postgres "+lab.PGData,
			[]string{lab.PGData}, []string{"chown postgres: " + lab.PGData}),
		startFails("F17p", "port of the standby taken",
			Text{"another server has port 5432 of the standby's node, then a start", "Standby のノードのポート 5432 を別のサーバが使用した状態で起動"},
			"install -d -o postgres -m 700 "+otherServer+" && cd "+otherServer+" && runuser -u postgres -- $pgbin/initdb -A trust -D "+otherServer+" >/dev/null && "+
				"runuser -u postgres -- $pgbin"+`/pg_ctl -D `+otherServer+` -w -l `+otherServer+`/log -o "-k `+otherServer+` -c listen_addresses='*'" start >/dev/null`,
			"cd "+otherServer+" && runuser -u postgres -- $pgbin/pg_ctl -D "+otherServer+" -m immediate stop >/dev/null; rm -r "+otherServer,
			[]string{"could not create any TCP/IP sockets"}, nil),
		{
			ID: "F18", Name: "lock file on the standby", Course: Stays,
			Fault:  Text{"PGSQL.lock is on the standby, then a start", "Standby に PGSQL.lock がある状態で起動"},
			Expect: Text{"the start is refused and names the file; nothing of the database is touched", "ファイル名を示して起動を拒否し、データベースには何も変更を加えない"},
			Strike: inOrder(stopStandby, func(r *Run) error {
				return in(r.Standby, r, "runuser -u postgres -- touch "+lab.LockFile+" && touch /dbfp/before")
			}, startStack),
			Check: func(r *Run) error {
				if err := r.failure(r.Standby, "start", lab.LockFile); err != nil {
					return err
				}
				changed, err := r.Standby.Run(r, "find", lab.PGData, lab.PGWal, lab.LockFile, "-newer", "/dbfp/before")
				if err == nil && strings.TrimSpace(changed) != "" {
					err = fmt.Errorf("%s: a refused start has changed %s", r.Standby.Name, changed)
				}
				if err != nil {
					return err
				}
				_, err = r.warned(r.Standby, lab.LockFile)
				return err
			},
			// As it is, or not at all: the proof is that the data can be used.
			Repair: inOrder(stopStandby, func(r *Run) error {
				return r.operate(r.Standby, "pg-rex_slave_start", "-n", "--remove-lock", "--yes")
			}),
		},
	}
}
