package inbox_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"gorm.io/gorm"

	"github.com/amends/amends/event"
	"github.com/amends/amends/event/inbox"
	"github.com/amends/amends/event/inbox/waiting"
)

// locked is a buffer for several goroutines.
type locked struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *locked) count(words string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.out.String(), words)
}

// logged returns options whose log can be read.
func logged(db *gorm.DB, b bus) (inbox.Options, *locked) {
	o, log := quick(db, b), &locked{}
	o.Logger = slog.New(slog.NewTextHandler(log, nil))
	return o, log
}

// TestATableThatFailsIsTold: the lease can be read and another table cannot. The log
// tells it once for each part of the group that needs it, and they go on when it is back.
func TestATableThatFailsIsTold(t *testing.T) {
	t.Parallel()
	for table, parts := range map[string][]string{
		"redrive": {`loop="g: redrives"`},
		"waiting": {`loop="g: measurements"`, `loop="g: deletions"`, `group=g part=letters`},
		"inbox":   {`loop="g: deletions"`},
	} {
		t.Run(table, func(t *testing.T) {
			t.Parallel()
			each(t, func(t *testing.T, db *gorm.DB) {
				b, l := newBus(nth(told, "a", 0), nth(told, "b", 0)), &broken{heard: newHeard()}
				handle := func(ctx context.Context, e event.Event) error {
					if e.Key == "b" && l.call(e) == 1 {
						return transient
					}
					return l.handle(ctx, e)
				}
				o, log := logged(db, b)
				o.Retry = waiting.Retry{} // the second attempt is after the stop
				stop := run(t, inbox.React(listener(handle), o))
				dead(t, db, 1)
				eventually(t, func() bool { return b.unacknowledged() == 0 })
				stop()
				l.mended.Store(true)
				r, _, err := waiting.NewDesk(db).Redrive(t.Context(), ask(waiting.Selection{All: true}))
				require.NoError(t, err)

				require.NoError(t, db.Exec("ALTER TABLE "+table+" RENAME TO gone").Error)
				run(t, inbox.React(listener(handle), o))
				for _, part := range parts {
					eventually(t, func() bool { return log.count(part) > 0 }, part)
				}
				require.NoError(t, db.Exec("ALTER TABLE gone RENAME TO "+table).Error)
				require.Equal(t, map[string]int64{"handled": 1}, ended(t, db, r.ID).Items)
				eventually(t, func() bool { return l.total() == 2 && len(letters(t, db, "")) == 0 })
				for _, part := range parts {
					require.Equal(t, 1, log.count(part), part)
				}
			})
		})
	}
}

// TestAResultThatCannotBeWrittenIsToldOnce: the attempt of a letter is made again, after
// pauses.
func TestAResultThatCannotBeWrittenIsToldOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, db *gorm.DB) {
		b, h := newBus(nth(told, "a", 0)), newHeard()
		var full atomic.Bool
		full.Store(true)
		o, log := logged(db, b)
		o.Report = func(*gorm.DB, event.Event, event.Trouble) (bool, error) {
			if full.Load() {
				return false, errors.New("no space left")
			}
			return false, nil
		}
		var calls atomic.Int64
		run(t, inbox.React(listener(func(_ context.Context, e event.Event) error {
			calls.Add(1)
			if h.call(e) == 1 {
				return transient
			}
			return bug
		}), o))
		eventually(t, func() bool { return calls.Load() >= 4 })
		require.Equal(t, 1, log.count(`group=g part="letters of a"`))
		require.Equal(t, 1, log.count("no space left"))
		full.Store(false)
		dead(t, db, 1)
	})
}
