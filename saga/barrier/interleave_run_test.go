package barrier_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/proof/dbtest"
	"github.com/amends/amends/saga/barrier"
)

const (
	// maxActors is how many operations may meet.
	maxActors = 6
	// patience is how long a statement may take before the server is asked
	// whether it waits for a lock.
	patience = 500 * time.Microsecond
	// hopeless is how long a run may take, which is over in milliseconds.
	hopeless = 30 * time.Second
)

// stage is a database on which operations meet, statement by statement on
// PostgreSQL, transaction by transaction on SQLite. One run at a time.
type stage struct {
	plain *gorm.DB // for statements outside of a schedule
	gated *gorm.DB
	conns []beginner
	pids  []uint32
	keys  int
	tally
}

// tally counts the work of a search.
type tally struct{ runs, steps, waits int }

// newStage returns a stage on a fresh database whose triggers keep the history of
// the ledger.
func newStage(t *testing.T, dsn string) *stage {
	t.Helper()
	// A run is over long before this timeout: an actor that the schedule holds up waits.
	db := dbtest.Open(t, dsn, database.Options{MaxConns: maxActors + 1, LockTimeout: 2 * hopeless})
	require.NoError(t, migrate(t.Context(), db))
	for _, statement := range history[db.Name()] {
		require.NoError(t, db.Exec(statement).Error)
	}
	s := &stage{plain: db}
	var err error
	s.gated, err = gated(t.Context(), db)
	require.NoError(t, err)
	pool, err := db.DB()
	require.NoError(t, err)
	for range maxActors {
		if !s.fine() {
			s.conns, s.pids = append(s.conns, pool), append(s.pids, 0)
			continue
		}
		conn, err := pool.Conn(t.Context())
		require.NoError(t, err)
		t.Cleanup(func() { _ = conn.Close() }) // a run that was given up has closed it
		var pid uint32
		require.NoError(t, conn.QueryRowContext(t.Context(), "SELECT pg_backend_pid()").Scan(&pid))
		s.conns, s.pids = append(s.conns, conn), append(s.pids, pid)
	}
	return s
}

// fine says whether the stage goes by statement.
func (s *stage) fine() bool { return s.plain.Name() == "postgres" }

// freshKey returns a key that no run has used.
func (s *stage) freshKey() barrier.Key {
	s.keys++
	return barrier.Key{Saga: fmt.Sprintf("ord_%d", s.keys), Step: "inventory.reserve"}
}

// chooser picks one of n>1 actors that may go on.
type chooser func(n int) int

// scene is one run: operations on one key, scheduled by a chooser.
type scene struct {
	*stage

	ops    []op
	actors []*actor
	events chan event
	now    int      // steps so far
	trace  []string // the released statements, in order
	late   bool     // late operations may start
}

// play runs ops on k to their end in the order that choose picks. The error is of
// the machinery: a run that does not end.
func (s *stage) play(ctx context.Context, k barrier.Key, ops []op, undone bool, choose chooser) (*scene, error) {
	c := &scene{stage: s, ops: ops, events: make(chan event), late: undone}
	// An actor is in the middle when a run is given up: a cancelled context gets it out
	// of the server, and the gate lets no statement pass.
	calls, abort := context.WithCancel(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer abort()
	for i, o := range ops {
		a := &actor{
			name: string(rune('a' + i)), on: s.conns[i], pid: s.pids[i], coarse: !s.fine(),
			events: c.events, proceed: make(chan struct{}), abort: calls.Done(),
		}
		c.actors = append(c.actors, a)
		wg.Go(func() {
			answer := o.run(context.WithValue(calls, actorKey{}, a), s.gated, k, a.name)
			select {
			case c.events <- event{actor: a, answer: answer}:
			case <-calls.Done():
			}
		})
	}
	for {
		if err := c.rest(ctx); err != nil {
			return c, err
		}
		able := c.able()
		if len(able) == 0 {
			s.runs, s.steps = s.runs+1, s.steps+c.now
			return c, nil
		}
		next := able[0]
		if len(able) > 1 {
			next = able[choose(len(able))]
		}
		c.release(next)
	}
}

// able returns the actors that may go on.
func (c *scene) able() (able []*actor) {
	for i, a := range c.actors {
		if a.state == parked && (a.from > 0 || c.late || !c.ops[i].late) {
			able = append(able, a)
		}
	}
	return able
}

func (c *scene) release(a *actor) {
	c.now++
	if a.from == 0 {
		a.from = c.now
	}
	a.state = running
	c.trace = append(c.trace, a.name+":"+a.at)
	a.proceed <- struct{}{}
}

// take notes the event of an actor.
func (c *scene) take(e event) {
	if mayRelease(e.actor.at) { // a waiting actor may have been woken
		for _, a := range c.actors {
			if a.state == queued {
				a.state = running
			}
		}
	}
	e.actor.state, e.actor.at = parked, e.at
	if e.at != "" {
		return
	}
	c.now++
	e.actor.state, e.actor.to, e.actor.answer = ended, c.now, e.answer
	for i, a := range c.actors {
		if a == e.actor && c.ops[i].decides {
			c.late = true
		}
	}
}

// rest returns when every actor stands before a statement, has ended, or waits in
// the server for a lock that one of the former holds. Then nothing moves until the
// scheduler moves it. If no actor can be moved, it waits for the server to break the
// deadlock.
func (c *scene) rest(ctx context.Context) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		moving, alive := c.moving()
		if alive == 0 || len(moving) == 0 && len(c.able()) > 0 {
			return nil
		}
		timer.Reset(patience)
		select {
		case e := <-c.events:
			c.take(e)
			continue
		case <-ctx.Done():
			return fmt.Errorf("the run makes no progress: %w", ctx.Err())
		case <-timer.C:
		}
		if c.fine() { // else it is one transaction at a time, and that one ends
			if err := c.queue(ctx, moving); err != nil {
				return err
			}
		}
	}
}

// moving returns the actors of which an event must come, and counts those that
// have not ended.
func (c *scene) moving() (moving []*actor, alive int) {
	for _, a := range c.actors {
		if a.state == running {
			moving = append(moving, a)
		}
		if a.state != ended {
			alive++
		}
	}
	return moving, alive
}

// queue asks the server which of the actors wait for a lock.
func (c *scene) queue(ctx context.Context, actors []*actor) error {
	var waiting []uint32
	pids := make([]string, len(actors))
	for i, a := range actors {
		pids[i] = strconv.FormatUint(uint64(a.pid), 10)
	}
	err := c.plain.WithContext(ctx).Raw(
		"SELECT pid FROM unnest(CAST(? AS int[])) AS pid WHERE cardinality(pg_blocking_pids(pid)) > 0",
		"{"+strings.Join(pids, ",")+"}").Scan(&waiting).Error
	for _, a := range actors {
		if slices.Contains(waiting, a.pid) {
			a.state = queued
			c.waits++
		}
	}
	return err
}

// String returns the run as one line.
func (c *scene) String() string { return strings.Join(c.trace, " ") }
