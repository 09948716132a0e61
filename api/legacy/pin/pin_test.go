package pin_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/legacy/keep"
	"github.com/amends/amends/api/legacy/pin"
	"github.com/amends/amends/api/legacy/score"
)

func to(side score.Side) func() (score.Side, error) {
	return func() (score.Side, error) { return side, nil }
}

func TestAKeyStaysOnItsSide(t *testing.T) {
	t.Parallel()
	var p pin.Pins
	now := time.Unix(1_800_000_000, 0)
	at := func(after time.Duration, key string, side score.Side) score.Side {
		got, err := p.Side(key, now.Add(after), to(side))
		require.NoError(t, err)
		return got
	}
	require.Equal(t, score.Service, at(0, "a", score.Service))
	require.Equal(t, score.Service, at(time.Minute, "a", score.Legacy), "a repeat")
	require.Equal(t, score.Legacy, at(time.Minute, "b", score.Legacy), "another key")
	require.Equal(t, score.Service, at(pin.Life, "a", score.Legacy), "its use prolongs its life")
	require.Equal(t, score.Service, at(2*pin.Life, "a", score.Legacy), "again")
	require.Equal(t, score.Legacy, at(4*pin.Life, "c", score.Legacy))
	require.Equal(t, score.Legacy, at(5*pin.Life, "a", score.Legacy), "its life is over")
}

func TestAFailedChoicePinsNothing(t *testing.T) {
	t.Parallel()
	var p pin.Pins
	refused := errors.New("refused")
	_, err := p.Side("a", time.Unix(0, 0), func() (score.Side, error) { return "", refused })
	require.ErrorIs(t, err, refused)
	side, err := p.Side("a", time.Unix(0, 0), to(score.Legacy))
	require.NoError(t, err)
	require.Equal(t, score.Legacy, side)
}

func TestKeysAreBounded(t *testing.T) {
	t.Parallel()
	var p pin.Pins
	first := func(i int) score.Side {
		side, err := p.Side(fmt.Sprint("key ", i), time.Unix(0, 0), to(score.Service))
		require.NoError(t, err)
		return side
	}
	for i := range 2*pin.Most + 2 {
		first(i)
	}
	side, err := p.Side("key 0", time.Unix(0, 0), to(score.Legacy))
	require.NoError(t, err)
	require.Equal(t, score.Legacy, side, "the oldest are forgotten")
	side, err = p.Side(fmt.Sprint("key ", pin.Most+2), time.Unix(0, 0), to(score.Legacy))
	require.NoError(t, err)
	require.Equal(t, score.Service, side, "newer ones are not")
}

// Requests with one key at once, while the routes change, all go to one side.
func TestOneSideAtOnce(t *testing.T) {
	t.Parallel()
	var p pin.Pins
	for key := range 200 {
		sides := make([]score.Side, 8)
		var all sync.WaitGroup
		for i := range sides {
			all.Go(func() {
				sides[i], _ = p.Side(fmt.Sprint(key), time.Unix(0, 0), to([]score.Side{score.Legacy, score.Service}[i%2])) // it cannot fail
			})
		}
		all.Wait()
		for _, side := range sides {
			require.Equal(t, sides[0], side)
		}
	}
}

// gateway is one that shares a folder with others. It fails the test if it does not keep its keys.
func gateway(t *testing.T, folder string) *pin.Pins {
	t.Helper()
	return pin.In(folder, now, func(err error) { t.Error(err) })
}

// sideOf returns the side of a key at a gateway that would choose another one.
func sideOf(t *testing.T, p *pin.Pins, key string, now time.Time, otherwise score.Side) score.Side {
	t.Helper()
	side, err := p.Side(key, now, to(otherwise))
	require.NoError(t, err)
	return side
}

var now = time.Unix(1_800_000_000, 0).Add(59 * time.Minute)

// A repeat comes to the side of the first attempt, whichever gateway it meets.
func TestGatewaysShareKeys(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "pins")
	a, b := gateway(t, folder), gateway(t, folder)
	require.Equal(t, score.Service, sideOf(t, a, "of a", now, score.Service))
	require.Equal(t, score.Service, sideOf(t, b, "of a", now, score.Legacy))
	require.Equal(t, score.Legacy, sideOf(t, b, "of b", now, score.Legacy))
	require.Equal(t, score.Legacy, sideOf(t, a, "of b", now, score.Service))
	require.Equal(t, score.Service, sideOf(t, gateway(t, folder), "of a", now, score.Legacy), "behind a restart")

	later := now.Add(pin.Life)
	require.Equal(t, score.Service, sideOf(t, b, "of a", later, score.Legacy))
	later = later.Add(pin.Life)
	require.Equal(t, score.Service, sideOf(t, gateway(t, folder), "of a", later, score.Legacy), "its use at another gateway has prolonged its life")
	require.Equal(t, score.Service, sideOf(t, gateway(t, folder), "of b", later, score.Service), "that of b is over")

	sideOf(t, a, "much later", later.Add(4*pin.Life), score.Legacy)
	files, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Len(t, files, 2, "old keys leave the disk, too: the lock and a page are left")
}

// Requests with one key at once, at gateways with different routes, all go to one side.
func TestOneSideAtOnceAtAllGateways(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "pins")
	gateways := []*pin.Pins{gateway(t, folder), gateway(t, folder), gateway(t, folder)}
	for key := range 50 {
		sides := make([]score.Side, 9)
		var all sync.WaitGroup
		for i := range sides {
			all.Go(func() {
				sides[i], _ = gateways[i%3].Side(fmt.Sprint(key), now, to([]score.Side{score.Legacy, score.Service}[i%2])) // it cannot fail
			})
		}
		all.Wait()
		for _, side := range sides {
			require.Equal(t, sides[0], side)
		}
	}
}

// A crash has cut off the last line. It pins nothing, and spoils no other one.
func TestALineThatIsCutOff(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "pins")
	sideOf(t, gateway(t, folder), "whole", now, score.Service)
	pages, err := filepath.Glob(filepath.Join(folder, "2*"))
	require.NoError(t, err)
	require.Len(t, pages, 1)
	content, err := os.ReadFile(pages[0])
	require.NoError(t, err)
	require.NotContains(t, string(content), "whole", "keys are hashed")
	for _, cut := range []string{"0123", string(content[:len(content)-2])} {
		require.NoError(t, os.WriteFile(pages[0], append(content, cut...), 0o600))
		restarted := gateway(t, folder)
		require.Equal(t, score.Service, sideOf(t, restarted, "whole", now, score.Legacy))
		require.Equal(t, score.Service, sideOf(t, restarted, "behind it", now, score.Service))
		require.Equal(t, score.Service, sideOf(t, gateway(t, folder), "behind it", now, score.Legacy))
	}
}

// The folder is lost while gateways run, and its keys with it. They share the next ones again.
func TestAFolderThatIsLost(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "pins")
	a, b := gateway(t, folder), gateway(t, folder)
	for i := range 3 {
		sideOf(t, a, fmt.Sprint("lost ", i), now, score.Service)
	}
	require.Equal(t, score.Service, sideOf(t, b, "lost 0", now, score.Legacy), "both have read the page")
	require.NoError(t, os.RemoveAll(folder))

	require.Equal(t, score.Service, sideOf(t, a, "of a", now, score.Service))
	require.Equal(t, score.Service, sideOf(t, b, "of a", now, score.Legacy))
	require.Equal(t, score.Legacy, sideOf(t, b, "of b", now, score.Legacy))
	require.Equal(t, score.Legacy, sideOf(t, a, "of b", now, score.Service))
}

// A volume that hangs holds up no order for long. Its keys are kept when it answers again.
func TestAFolderThatHangs(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "pins")
	reports := make(chan error, 4)
	p := pin.In(folder, now, func(err error) { reports <- err })
	sideOf(t, p, "before", now, score.Service)
	unlock, err := keep.Lock(filepath.Join(folder, "lock"))
	require.NoError(t, err)

	began := time.Now()
	require.Equal(t, score.Service, sideOf(t, p, "meanwhile", now, score.Service))
	require.Less(t, time.Since(began), 10*time.Second)
	require.Error(t, <-reports)
	require.Equal(t, score.Service, sideOf(t, p, "meanwhile", now, score.Legacy), "at this gateway")
	require.Equal(t, score.Service, sideOf(t, p, "before", now, score.Legacy))

	require.NoError(t, unlock())
	require.NoError(t, <-reports, "it answers again")
	require.Equal(t, score.Service, sideOf(t, gateway(t, folder), "meanwhile", now, score.Legacy))
}

// Without a folder a gateway knows its own keys, and says so once.
func TestAFolderThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	reports := make(chan error, 4)
	p := pin.In(filepath.Join(file, "pins"), now, func(err error) { reports <- err })
	for range 3 {
		require.Equal(t, score.Service, sideOf(t, p, "a", now, score.Service))
		require.Equal(t, score.Service, sideOf(t, p, "a", now, score.Legacy))
	}
	require.ErrorContains(t, <-reports, "pinned keys")
	require.Empty(t, reports)
}

// Two requests with one key choose different sides, as the route moves between them, and the
// folder begins to work between them: the first one has been sent, so the other one follows it.
func TestOneSideWhileAFolderBeginsToWork(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "pins")
	require.NoError(t, os.WriteFile(folder, nil, 0o600)) // it is none yet
	p := pin.In(folder, now, func(error) {})
	chosen, mended := make(chan struct{}), make(chan struct{})
	second := make(chan score.Side, 1)
	go func() {
		side, _ := p.Side("a", now, func() (score.Side, error) { // it cannot fail
			close(chosen)
			<-mended
			return score.Service, nil
		})
		second <- side
	}()
	<-chosen
	require.Equal(t, score.Legacy, sideOf(t, p, "a", now, score.Legacy))
	require.NoError(t, os.Remove(folder))
	close(mended)
	require.Equal(t, score.Legacy, <-second)
	require.Equal(t, score.Legacy, sideOf(t, gateway(t, folder), "a", now, score.Service), "at every gateway")
}

// A gateway that starts removes nothing that another one reads, and does without a page that
// another one has just removed.
func TestAGatewayThatStartsBesideOthers(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "pins")
	sideOf(t, gateway(t, folder), "a", now, score.Service)
	old := filepath.Join(folder, now.Add(-5*pin.Life).UTC().Format("2006-01-02T15")+".000")
	require.NoError(t, os.WriteFile(old, nil, 0o600))
	require.NoError(t, os.Symlink("gone", filepath.Join(folder, now.UTC().Format("2006-01-02T15")))) // it is listed, and cannot be opened

	unlock, err := keep.Lock(filepath.Join(folder, "lock"))
	require.NoError(t, err)
	p := gateway(t, folder)
	require.FileExists(t, old)
	require.Equal(t, score.Service, sideOf(t, p, "a", now, score.Legacy), "the other pages are read")
	require.NoError(t, unlock())
	sideOf(t, p, "b", now, score.Service)
	require.NoFileExists(t, old)
}

// A gateway that has many keys forgets the oldest, in its memory and on the disk.
func TestAFolderIsBounded(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "pins")
	require.NoError(t, os.Mkdir(folder, 0o700))
	var lines bytes.Buffer
	for i := range pin.Most {
		fmt.Fprintf(&lines, "%032x service\n", i)
	}
	for n := range 3 {
		require.NoError(t, os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s.%03d", now.UTC().Format("2006-01-02T15"), n)), lines.Bytes(), 0o600))
	}
	p := gateway(t, folder) // it reads them before a write comes
	pages, err := filepath.Glob(filepath.Join(folder, "2*"))
	require.NoError(t, err)
	require.Len(t, pages, 3, "and removes none, which another gateway may be reading")
	require.Equal(t, score.Legacy, sideOf(t, p, "one more", now, score.Legacy))
	require.Equal(t, score.Legacy, sideOf(t, p, "and another", now, score.Legacy))
	pages, err = filepath.Glob(filepath.Join(folder, "2*"))
	require.NoError(t, err)
	require.Len(t, pages, 2, "a full one, and that of the new keys")
}

// Keys that cannot be kept are bounded as the others are: the newest stay.
func TestKeysOfAFolderThatFailsAreBounded(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	p := pin.In(filepath.Join(file, "pins"), now, func(error) {})
	for i := range pin.Most + 1 {
		sideOf(t, p, fmt.Sprint(i), now, score.Service)
	}
	require.Equal(t, score.Service, sideOf(t, p, fmt.Sprint(pin.Most-1), now, score.Legacy))
}
