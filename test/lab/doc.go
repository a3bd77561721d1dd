// Package lab runs a real PG-REX cluster on one machine: nodes are
// systemd-nspawn containers with their own systemd, sshd, Corosync, Pacemaker
// and PostgreSQL, on an overlay of the machine's root file system or that of
// another release of Debian, joined by the four networks of the PG-REX manual.
//
// The lab owns everything below Root and every network namespace whose name
// begins with "pgrex-", and it keeps the root file systems of other releases; it
// changes nothing else on the machine. It looks at the cluster only with the
// installed programs and imports nothing of the product: an audit that reads the
// cluster through the code under test would share its mistakes.
//
// Up builds a synchronous cluster, Open attaches to a running one from another
// process, Down removes all of it, also what a killed lab left behind.
package lab
