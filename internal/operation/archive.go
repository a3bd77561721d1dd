package operation

import (
	"context"

	"pgrex/internal/archive"
	"pgrex/internal/message"
)

// archiveExample is how archive_command calls it.
const archiveExample = installed + " archive %p /dbfp/pgarch/arc1"

// archiveOne is pg-rex archive, which the server calls as its user for each file.
func archiveOne() *command {
	return &command{
		name: "archive", names: []string{"pg-rex_archive"}, args: "SOURCE DIR", max: 2, anyUser: true, bare: true,
		short: both{"archive one WAL file (for archive_command)", "WAL ファイルを 1 つアーカイブする（archive_command 用）"},
		long: both{
			"For archive_command = '" + archiveExample + "'.\nCopies SOURCE into DIR under a temporary name, brings it to the disk and renames it. Nothing is ever overwritten:\n" +
				"a file that is there already is success when it has the same content, and an error when it has not.\nThe file is as cp would make it, for a restore_command with cp.",
			"archive_command = '" + archiveExample + "' のように使います。\nSOURCE を DIR に一時的な名前でコピーし、ディスクに書き込んでから正式な名前にします。上書きはしません。\n" +
				"同名のファイルがすでにある場合、内容が同じなら成功、異なればエラーとします。\nできるファイルは cp と同じなので、restore_command は cp のままで構いません。",
		},
		setup: func(*flags) func(context.Context, *session, []string) error {
			return func(_ context.Context, _ *session, args []string) error {
				if len(args) != 2 {
					return message.Fail(message.ARS003, "example", archiveExample)
				}
				return archive.Store(args[0], args[1])
			}
		},
	}
}
