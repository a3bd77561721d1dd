package robustness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"pgrex/test/lab"
	"pgrex/test/robustness/history"
)

const (
	accounts = 20
	opening  = 1000 // balance of each account
	keys     = 4    // lists in use at a time
	longest  = 120  // values of a list, after which another key takes its place

	writers, transferrers, appenders, readers = 4, 2, 3, 2
	// pause between two requests of one client: there are two processors for all.
	pause = 30 * time.Millisecond
	// patience of a client with one request.
	patience = 6 * time.Second
)

// total is the sum of all accounts, at any moment.
const total = accounts * opening

// tables are made anew for every run.
const tables = `DROP TABLE IF EXISTS account, ledger, register, service;
CREATE TABLE account (id int PRIMARY KEY, balance bigint NOT NULL);
CREATE TABLE ledger (id bigint PRIMARY KEY, source int NOT NULL, target int NOT NULL, amount int NOT NULL);
CREATE TABLE register (key int PRIMARY KEY, list bigint[] NOT NULL);
CREATE TABLE service (at timestamptz NOT NULL);
INSERT INTO service VALUES (clock_timestamp());
`

// clients are those of a run, and what they have noted.
type clients struct {
	writers []*lab.Writer
	keys    [keys]atomic.Int64 // the key that is in use at each place
	number  atomic.Int64       // of transfers and values
	stop    context.CancelFunc
	done    sync.WaitGroup

	mu       sync.Mutex
	requests []history.Request
}

// startClients makes the tables and begins to ask.
func startClients(ctx context.Context, l *lab.Lab, seed uint64) (*clients, error) {
	if err := makeTables(ctx); err != nil {
		return nil, fmt.Errorf("cannot make the clients' tables: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	c := &clients{stop: cancel}
	for i := range c.keys {
		c.keys[i].Store(int64(i + 1))
	}
	for range writers {
		c.writers = append(c.writers, l.StartWriterEvery(ctx, pause))
	}
	stream := uint64(clientStream)
	start := func(name, address string, ask func(context.Context, *session, *rand.Rand) history.Request) {
		stream++
		rng := rand.New(rand.NewPCG(seed, stream))
		c.done.Add(1)
		go func() {
			defer c.done.Done()
			c.ask(ctx, name, &session{address: address}, rng, ask)
		}()
	}
	for i := range transferrers {
		start(fmt.Sprintf("transfer%d", i+1), lab.VIPMaster, c.transfer)
	}
	for i := range appenders {
		start(fmt.Sprintf("register%d", i+1), lab.VIPMaster, c.register)
	}
	for i := range readers {
		start(fmt.Sprintf("reader%d", i+1), lab.VIPSlave, c.snapshot)
	}
	return c, nil
}

func makeTables(ctx context.Context) error {
	conn, err := lab.Connect(ctx, lab.VIPMaster, nil)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, tables).ReadAll(); err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "INSERT INTO account SELECT n, $1 FROM generate_series(1, $2::int) n", opening, accounts)
	return err
}

// ask is one client: a request, a pause, the next one.
func (c *clients) ask(ctx context.Context, name string, s *session, rng *rand.Rand, ask func(context.Context, *session, *rand.Rand) history.Request) {
	defer s.close()
	for ctx.Err() == nil {
		begin := time.Now()
		r := ask(ctx, s, rng)
		r.Client, r.Session, r.Begin, r.End = name, s.number, begin, time.Now()
		c.mu.Lock()
		c.requests = append(c.requests, r)
		c.mu.Unlock()
		_ = lab.Pause(ctx, pause)
	}
}

// end stops all clients and returns what they have noted. Rows that the writers
// wrote are among it.
func (c *clients) end() []history.Request {
	c.stop()
	for _, w := range c.writers {
		w.Stop()
	}
	c.done.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.Clone(c.requests)
	for i, w := range c.writers {
		h := w.History()
		for answer, attempts := range map[history.Answer][]lab.Attempt{history.OK: h.Acked, history.Unknown: h.Unknown} {
			for _, a := range attempts {
				all = append(all, history.Request{
					Client: fmt.Sprintf("writer%d", i+1), Op: history.Write, ID: a.N, Begin: a.Begin, End: a.End, Answer: answer,
				})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b history.Request) int { return a.Begin.Compare(b.Begin) })
	return all
}

// rows are what the writers know so far.
func (c *clients) rows() []lab.History {
	var all []lab.History
	for _, w := range c.writers {
		all = append(all, w.History())
	}
	return all
}

// transfer moves money between two accounts, with a row of the ledger by which
// it is known later whether it happened.
func (c *clients) transfer(ctx context.Context, s *session, rng *rand.Rand) history.Request {
	from, to := 1+rng.IntN(accounts), 1+rng.IntN(accounts-1)
	if to >= from {
		to++
	}
	r := history.Request{Op: history.Move, ID: c.number.Add(1), From: from, To: to, Amount: 1 + rng.IntN(9)}
	r.Answer, r.Error = s.request(ctx, func(ctx context.Context, conn *pgx.Conn) (sure bool, err error) {
		if _, err := conn.Exec(ctx, "BEGIN"); err != nil {
			return true, err
		}
		// In the order of the accounts, so that two transfers never wait for each other.
		update := []int{from, to}
		slices.Sort(update)
		for _, account := range update {
			amount := r.Amount
			if account == from {
				amount = -amount
			}
			if _, err := conn.Exec(ctx, "UPDATE account SET balance = balance + $1 WHERE id = $2", amount, account); err != nil {
				return true, err
			}
		}
		if _, err := conn.Exec(ctx, "INSERT INTO ledger (id, source, target, amount) VALUES ($1, $2, $3, $4)", r.ID, from, to, r.Amount); err != nil {
			return true, err
		}
		_, err = conn.Exec(ctx, "COMMIT")
		return false, err
	})
	return r
}

// register appends to the list of a key, or reads it.
func (c *clients) register(ctx context.Context, s *session, rng *rand.Rand) history.Request {
	place := rng.IntN(keys)
	key := c.keys[place].Load()
	r := history.Request{Op: history.Append, Key: int(key)}
	statement, args := `INSERT INTO register AS r (key, list) VALUES ($1, ARRAY[$2::bigint])
		ON CONFLICT (key) DO UPDATE SET list = r.list || $2::bigint RETURNING list`, []any{key}
	if rng.IntN(3) == 0 {
		r.Op, statement = history.Read, "SELECT list FROM register WHERE key = $1"
	} else {
		r.ID = c.number.Add(1)
		args = append(args, r.ID)
	}
	r.Answer, r.Error = s.request(ctx, func(ctx context.Context, conn *pgx.Conn) (sure bool, err error) {
		rows, err := conn.Query(ctx, statement, args...)
		if err != nil {
			return r.Op == history.Read, err
		}
		lists, err := pgx.CollectRows(rows, pgx.RowTo[[]int64])
		if err == nil && len(lists) > 0 {
			r.Values = lists[0]
		}
		return r.Op == history.Read, err
	})
	if r.Answer != history.OK {
		r.Values = nil
	} else if len(r.Values) >= longest {
		c.keys[place].CompareAndSwap(key, key+keys)
	}
	return r
}

// snapshot reads the sum of all accounts and one list as they are at one moment.
func (c *clients) snapshot(ctx context.Context, s *session, rng *rand.Rand) history.Request {
	r := history.Request{Op: history.Snapshot, Key: int(c.keys[rng.IntN(keys)].Load())}
	r.Answer, r.Error = s.request(ctx, func(ctx context.Context, conn *pgx.Conn) (sure bool, err error) {
		row := conn.QueryRow(ctx, "SELECT (SELECT sum(balance)::bigint FROM account), (SELECT list FROM register WHERE key = $1)", r.Key)
		return true, row.Scan(&r.Sum, &r.Values)
	})
	return r
}

// session is a connection that is opened when it is needed and given up at the
// first doubt. It is for one goroutine.
type session struct {
	address string
	number  int // connections so far
	conn    *pgx.Conn
	warned  bool // the server sent a warning with the present request
}

var errWarned = errors.New("the server committed with a warning: it may not be on the standby")

// request makes one and says what is known of it. The function says of an error
// whether nothing can have come of it.
func (s *session) request(ctx context.Context, do func(context.Context, *pgx.Conn) (sure bool, err error)) (history.Answer, string) {
	if s.conn == nil {
		conn, err := lab.Connect(ctx, s.address, func(*pgconn.PgConn, *pgconn.Notice) { s.warned = true })
		if err != nil {
			return history.Failed, err.Error()
		}
		s.conn = conn
		s.number++
	}
	s.warned = false
	within, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	sure, err := do(within, s.conn)
	switch {
	case err == nil && s.warned:
		s.close()
		return history.Unknown, errWarned.Error()
	case err == nil:
		return history.OK, ""
	}
	s.close()
	if sure || refused(err) {
		return history.Failed, err.Error()
	}
	return history.Unknown, err.Error()
}

// refused says whether a server has not even begun with a request: it is a standby.
func refused(err error) bool {
	const readOnlySQLTransaction = "25006"
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == readOnlySQLTransaction
}

func (s *session) close() {
	if s.conn == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = s.conn.Close(ctx) // nothing is left to lose
	s.conn = nil
}

// truth is what is there at the end, read in one snapshot.
type truth struct {
	bank  history.Bank
	lists map[int][]int64
}

func readTruth(ctx context.Context, address string) (truth, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := lab.Connect(ctx, address, nil)
	if err != nil {
		return truth{}, err
	}
	defer conn.Close(ctx)
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return truth{}, err
	}
	defer tx.Rollback(ctx)
	return readIn(ctx, tx)
}

func readIn(ctx context.Context, tx pgx.Tx) (truth, error) {
	t := truth{bank: history.Bank{Opening: opening, Balances: map[int]int64{}, Ledger: map[int64]history.Transfer{}}, lists: map[int][]int64{}}
	var id int64
	var key int
	var balance int64
	var move history.Transfer
	var list []int64
	rows, err := tx.Query(ctx, "SELECT id, balance FROM account")
	if err == nil {
		_, err = pgx.ForEachRow(rows, []any{&key, &balance}, func() error { t.bank.Balances[key] = balance; return nil })
	}
	if err != nil {
		return t, err
	}
	if rows, err = tx.Query(ctx, "SELECT id, source, target, amount FROM ledger"); err == nil {
		_, err = pgx.ForEachRow(rows, []any{&id, &move.From, &move.To, &move.Amount}, func() error { t.bank.Ledger[id] = move; return nil })
	}
	if err != nil {
		return t, err
	}
	if rows, err = tx.Query(ctx, "SELECT key, list FROM register"); err == nil {
		_, err = pgx.ForEachRow(rows, []any{&key, &list}, func() error { t.lists[key] = slices.Clone(list); return nil })
	}
	return t, err
}
