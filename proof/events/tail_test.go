package events_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dev/loopback"
	"github.com/amends/amends/proof/dbtest"
)

// TestATailThatIsCutOffIsToldAgain puts an old copy of the files of a killed broker back,
// as a power cut may, under the relays of two outboxes that have told more meanwhile. All
// groups but one have handled the lost events; in one case the broker remembers that, so
// its consumers are ahead of its tail.
func TestATailThatIsCutOffIsToldAgain(t *testing.T) {
	t.Parallel()
	t.Run("WithItsConsumers", func(t *testing.T) {
		t.Parallel()
		cutTail(t, func(string) bool { return true })
	})
	t.Run("WithConsumersThatAreAheadOfIt", func(t *testing.T) {
		t.Parallel()
		cutTail(t, func(path string) bool { return !strings.Contains(path, "/obs/") })
	})
}

// cutTail loses what was told after a copy of the files that are chosen. In each of its
// five stages both services tell a part.
func cutTail(t *testing.T, chosen func(path string) bool) {
	t.Helper()
	const part = 100
	w := newTail(t)
	w.tell(part)
	w.handled(w.groups)
	old := filepath.Join(w.broker.dir, "old")
	copyFiles(t, w.broker.role.Dir, old, chosen)
	w.tell(part)
	w.handled(w.groups)
	before := w.positions()
	for _, groups := range w.groups {
		for _, group := range groups {
			file := filepath.Join(w.broker.role.Dir, "events/jetstream/$G/streams", jetstream.Stream, "obs", group, "o.dat")
			await(t, "the broker saves that "+group+" has handled all", func() bool { return acknowledged(file) == 4*part })
		}
	}
	require.NoError(t, w.broker.kill(t.Context()))
	copyFiles(t, old, w.broker.role.Dir, chosen)
	w.tell(part)
	require.NoError(t, w.broker.start())
	w.tell(part)
	w.handled(w.groups)

	// A group that begins now hears all from the broker.
	late := map[string][]string{}
	for service, db := range w.dbs {
		late[service] = []string{service + "_late"}
		run(t, react(late[service][0], w.role(service).inbox(db, w.buses[service]), nil).Run)
	}
	w.tell(part)
	w.handled(w.groups)
	w.handled(late)
	all := told{}
	for _, db := range w.dbs {
		all.read(t, db, w.told)
	}
	for service, db := range w.dbs {
		groups := append(late[service], w.groups[service]...)
		quiet(t, w.broker.role.Port, db, groups...)
		for _, group := range groups {
			all.judge(t, db, group)
		}
	}
	lost := 0
	for id, position := range w.positions() {
		if was := before[id]; was != 0 && was != position {
			lost++
		}
	}
	require.GreaterOrEqual(t, lost, part, "the copy is older than what it replaces")
	fmt.Printf("events: %s: the broker lost %d events, which were published again\n", strings.TrimPrefix(t.Name(), "Test"), lost)
}

// tail has a broker in a process of its own; its other parts are in this one.
type tail struct {
	t      *testing.T
	broker *process
	dbs    map[string]*gorm.DB       // by service
	buses  map[string]*jetstream.Bus // by service
	groups map[string][]string       // by service
	told   int                       // by each service
}

func newTail(t *testing.T) *tail {
	t.Helper()
	port, err := loopback.FreePort(t.Context())
	require.NoError(t, err)
	dir := t.TempDir()
	w := &tail{
		t: t, broker: &process{role: role{Name: "broker", Dir: filepath.Join(dir, "broker"), Port: port}, dir: dir},
		dbs: map[string]*gorm.DB{
			"inventory": dbtest.Open(t, dbtest.SQLite(t), database.Options{}),
			"payment":   dbtest.Open(t, dbtest.Postgres(t), database.Options{}),
		},
		buses: map[string]*jetstream.Bus{}, groups: map[string][]string{},
	}
	require.NoError(t, w.broker.start())
	t.Cleanup(w.broker.end)
	for service, db := range w.dbs {
		require.NoError(t, migrate(t.Context(), db))
		r := w.role(service)
		w.buses[service], err = jetstream.Open(r.URL, r.bus())
		require.NoError(t, err)
		t.Cleanup(w.buses[service].Close)
		run(t, outbox.NewRelay(db, w.buses[service], r.relay()).Run)
		for _, g := range groupsOf(service, r.inbox(db, w.buses[service])) {
			w.groups[service] = append(w.groups[service], g.Name())
			run(t, g.Run)
		}
	}
	return w
}

func (w *tail) role(service string) role {
	return role{Service: service, URL: "nats://" + loopback.Address(w.broker.role.Port)}
}

// tell has each service tell n more events.
func (w *tail) tell(n int) {
	w.t.Helper()
	for i := w.told; i < w.told+n; i++ {
		for service, db := range w.dbs {
			require.NoError(w.t, tell(w.t.Context(), db, service, i, 15))
		}
	}
	w.told += n
}

// handled waits until groups have handled all that was told.
func (w *tail) handled(groups map[string][]string) {
	w.t.Helper()
	for service, of := range groups {
		for _, group := range of {
			await(w.t, "all is handled by "+group, func() bool { return effects(w.dbs[service], group) >= 2*w.told })
		}
	}
}

// positions returns those of the events in the outboxes.
func (w *tail) positions() map[string]int64 {
	w.t.Helper()
	all := map[string]int64{}
	for _, db := range w.dbs {
		var rows []struct {
			EventID string
			Seq     int64
		}
		require.NoError(w.t, db.Raw("SELECT event_id, seq FROM outbox WHERE seq IS NOT NULL").Scan(&rows).Error)
		for _, r := range rows {
			all[r.EventID] = r.Seq
		}
	}
	return all
}

// acknowledged returns the position up to which the file of a consumer says that all is
// acknowledged: the second number of it.
func acknowledged(file string) uint64 {
	content, err := os.ReadFile(file)
	if err != nil || len(content) < 4 {
		return 0
	}
	content = content[2:] // a mark and a version
	_, n := binary.Uvarint(content)
	position, _ := binary.Uvarint(content[max(n, 0):])
	return position
}

// copyFiles replaces the files of a folder by those of another one that are chosen, and
// removes the chosen ones that the other does not have.
func copyFiles(t *testing.T, from, to string, chosen func(path string) bool) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(to, func(path string, e fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err != nil || e.IsDir() || !chosen(path) {
			return err
		}
		return os.Remove(path)
	}))
	require.NoError(t, filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if os.IsNotExist(err) && path != from {
			return nil // a broker that runs has replaced it
		}
		if err != nil || !e.IsDir() && !chosen(path) {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(path, from))
		if e.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		content, err := os.ReadFile(path)
		if os.IsNotExist(err) {
			return nil // as above
		}
		if err != nil {
			return err
		}
		return os.WriteFile(target, content, 0o600)
	}))
}

// run runs a part until the test ends.
func run(tb testing.TB, part func(context.Context) error) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	ended := make(chan error, 1)
	go func() { ended <- part(ctx) }()
	tb.Cleanup(func() {
		cancel()
		require.NoError(tb, <-ended)
	})
}
