package events_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"gorm.io/gorm"

	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
	"github.com/amends/amends/event/jetstream"
	"github.com/amends/amends/event/outbox"
	"github.com/amends/amends/internal/database"
	"github.com/amends/amends/internal/dev/broker"
	"github.com/amends/amends/proof/wait"
)

// roleVariable makes this test binary one of the processes: it has a [role] as JSON.
const roleVariable = "AMENDS_TEST_EVENTS_ROLE"

// role is the work of a process. It reads lines from its input, and ends when that does
// or by SIGTERM. It prints "works" when it has done something since its start.
type role struct {
	Name    string // broker, teller, relay, listener
	Service string
	DSN     string
	URL     string // of the broker
	// Dir and Port are those of a broker.
	Dir  string
	Port int
	// A teller runs the sagas from First to below the number that it reads last. It prints
	// the number of each that is done.
	First, Keys int
}

func TestMain(m *testing.M) {
	text := os.Getenv(roleVariable)
	if text == "" {
		os.Exit(m.Run())
	}
	var r role
	err := json.Unmarshal([]byte(text), &r)
	if err == nil {
		err = r.play()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, r.Name, "failed:", err)
		os.Exit(1)
	}
}

func (r role) play() error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	allowed := new(atomic.Int64)
	go func() {
		defer cancel() // the parent has ended
		for in := bufio.NewScanner(os.Stdin); in.Scan(); {
			if n, err := strconv.ParseInt(in.Text(), 10, 64); err == nil {
				allowed.Store(n)
			}
		}
	}()
	if r.Name == "broker" {
		return r.broker(ctx)
	}
	db, err := r.database(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = database.Close(db) }()
	if r.Name == "teller" {
		r.teller(ctx, db, allowed)
		return nil
	}
	bus, err := jetstream.Open(r.URL, r.bus())
	if err != nil {
		return err
	}
	defer bus.Close()
	if r.Name == "relay" {
		return outbox.NewRelay(db, bus, r.relay()).Run(ctx)
	}
	var groups errgroup.Group
	for _, g := range groupsOf(r.Service, r.inbox(db, bus)) {
		groups.Go(func() error { return g.Run(ctx) })
	}
	return groups.Wait()
}

// works says that the process does its work.
var works = sync.OnceFunc(func() { fmt.Println("works") })

func (r role) broker(ctx context.Context) error {
	s, err := broker.Start(ctx, broker.Options{Dir: r.Dir, Port: r.Port, Logger: log()})
	if err != nil {
		return err
	}
	works()
	<-ctx.Done()
	return s.Stop()
}

// database opens the database when it answers.
func (r role) database(ctx context.Context) (db *gorm.DB, err error) {
	late := wait.Until(ctx, "the database answers", func() bool {
		db, err = database.Open(ctx, r.DSN, database.Options{})
		return err == nil
	})
	return db, errors.Join(late, err)
}

// teller runs its sagas, several at a time, each until it is done.
func (r role) teller(ctx context.Context, db *gorm.DB, allowed *atomic.Int64) {
	var next atomic.Int64
	next.Store(int64(r.First))
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			for n := next.Add(1) - 1; ; n = next.Add(1) - 1 {
				if wait.Until(ctx, "it may go on", func() bool { return n < allowed.Load() }) != nil {
					return
				}
				for tell(ctx, db, r.Service, int(n), r.Keys) != nil {
					if wait.For(ctx, 20*time.Millisecond) != nil {
						return
					}
				}
				works()
				fmt.Println(n)
			}
		})
	}
	workers.Wait()
}

// bus, relay and inbox return options with a tenth of the usual times.

func (r role) bus() jetstream.Options {
	return jetstream.Options{Name: r.Name + " " + r.Service, AckWait: 2 * time.Second, Pause: 100 * time.Millisecond, Logger: log()}
}

func (r role) relay() outbox.Options {
	return outbox.Options{Service: r.Service, Poll: 500 * time.Millisecond, Lease: 1500 * time.Millisecond, Observer: publishing{}, Logger: log()}
}

func (r role) inbox(db *gorm.DB, bus *jetstream.Bus) inbox.Options {
	return inbox.Options{
		DB: db, Bus: bus, Lease: 3 * time.Second, Poll: 500 * time.Millisecond, Retry: waiting.Retry{First: 50 * time.Millisecond, Most: 500 * time.Millisecond},
		Meter: handling{}, Logger: log(),
	}
}

// groupNames are those of the groups of a service.
func groupNames(service string) []string {
	return []string{service + "_reaction", service + "_projection"}
}

// groupsOf returns the groups of a service.
func groupsOf(service string, o inbox.Options) []*inbox.Group {
	names := groupNames(service)
	return []*inbox.Group{react(names[0], o, nil), project(names[1], o, nil)}
}

// publishing says that a relay works when it does.
type publishing struct{}

func (publishing) Waiting(int64, time.Duration, int64) {}
func (publishing) Published(int)                       { works() }
func (publishing) Failed()                             {}

// handling says that a listener works when it does.
type handling struct{}

func (handling) Handled(string, int)                   { works() }
func (handling) Failed(string, string)                 {}
func (handling) Stand(string, int64, int64, time.Time) {}

func log() *slog.Logger {
	level := slog.LevelWarn
	if strings.Contains(os.Getenv("AMENDS_TEST_LOG"), "debug") {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
}
