// Package pin keeps writes with an idempotency key on the side that they were first sent to:
// a key is known at one side, and a repeat at the other one would take effect again.
//
// A key is pinned before its write is sent. The pins are in a folder that gateways share, so
// that a repeat comes to the same side at another gateway, and behind a restart. A folder that
// does not answer holds up no write: its keys are known to this process only, meanwhile.
package pin

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"sync"
	"time"

	"github.com/amends/amends/api/legacy/score"
)

// Life is how long a key stays pinned at least, unless there are more than [Most] newer ones.
const Life = time.Hour

// Most is the number of keys that are pinned for sure: at 100 writes in a second those of
// more than an hour, in about 30 MB.
const Most = 400_000

// patience is how long a write waits for the folder.
const patience = time.Second

// errLate says that the folder did not answer in time, as a volume that hangs.
var errLate = errors.New("the folder of pinned keys does not answer: another gateway, and this one behind a restart, may send a repeat to the other side")

// Pins are the keys that gateways have seen: those that share a folder, or one gateway. The
// zero Pins are of one. They are safe for concurrent use.
type Pins struct {
	folder string
	report func(error)
	turn   chan struct{} // one look at the folder at a time

	mu      sync.Mutex
	pages   pages
	loose   pages // of keys that are not in the folder
	waiting []*claim
	failed  bool // the folder, when it was last looked at
}

// In returns the pins of a folder, which the first key makes, and reads those that are there,
// without a wait for other gateways. report gets the error when the folder begins to fail, and nil
// when it works again.
func In(folder string, now time.Time, report func(error)) *Pins {
	p := &Pins{folder: folder, report: report, turn: make(chan struct{}, 1)}
	if _, err := p.read(now); err != nil && !errors.Is(err, fs.ErrNotExist) {
		p.tell(fmt.Errorf("read pinned keys: %w", err))
	}
	return p
}

// Report returns a function that logs when the folder of pinned keys begins to fail, and when
// it works again.
func Report(log *slog.Logger) func(error) {
	return func(err error) {
		if err != nil {
			log.Error("pinned keys are not kept: a repeat at another gateway may take effect again, if its route has moved", "error", err)
			return
		}
		log.Info("pinned keys are kept again")
	}
}

// digest is a part of the hash of a key.
type digest [16]byte

func fingerprint(key string) digest {
	sum := sha256.Sum256([]byte(key))
	return digest(sum[:16])
}

// claim is a key that is to be pinned.
type claim struct {
	key     digest
	side    score.Side // that is wanted, and once it is settled, that has the key
	now     time.Time
	settled chan struct{}
}

// Side returns the side of a key, which is chosen now if the key is new. Every use of a key
// prolongs its life. The chosen side is not pinned if choose fails.
func (p *Pins) Side(key string, now time.Time, choose func() (score.Side, error)) (score.Side, error) {
	c := &claim{key: fingerprint(key), now: now, settled: make(chan struct{})}
	side, pinned, fresh := p.find(c)
	if fresh {
		return side, nil
	}
	if !pinned {
		var err error
		if side, err = choose(); err != nil {
			return "", err
		}
	}
	c.side = side
	return p.keep(c), nil
}

// find returns the side of a key that this process knows, and whether its use was noted in the
// present page already.
func (p *Pins) find(c *claim) (side score.Side, pinned, fresh bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	present := p.pages.present(c.now)
	side, in, pinned := p.pages.find(c.key)
	if !pinned {
		side, _, pinned = p.loose.find(c.key)
	}
	return side, pinned, in == present
}

// keep pins a key, and returns the side that has it, which is another one if another request
// was first.
func (p *Pins) keep(c *claim) score.Side {
	if p.folder == "" {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.pages.present(c.now).pin(c.key, c.side)
	}
	wish := p.loosely(c, c.side) // the first claim of a key decides for those that come before it is settled
	c.side = wish
	p.enqueue(c)
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		select {
		case <-c.settled:
			return c.side
		case p.turn <- struct{}{}:
			go p.settle()
		case <-late.C:
			p.tell(errLate)
			return p.loosely(c, wish)
		}
	}
}

// enqueue has the next look at the folder settle a claim. While a volume hangs there may be
// many, whose clients have gone on.
func (p *Pins) enqueue(c *claim) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.waiting) < Most {
		p.waiting = append(p.waiting, c)
	}
}

// loosely pins the key of a claim in this process only, until a page of the folder has it. Its next
// use tries the folder again.
func (p *Pins) loosely(c *claim, side score.Side) score.Side {
	p.mu.Lock()
	defer p.mu.Unlock()
	if first, _, pinned := p.pages.find(c.key); pinned {
		p.loose.drop(c.key)
		return first
	}
	if first, _, pinned := p.loose.find(c.key); pinned {
		side = first
	}
	return p.loose.present(c.now).pin(c.key, side)
}

// tell reports that the folder begins to fail, or works again.
func (p *Pins) tell(err error) {
	p.mu.Lock()
	changed := p.failed != (err != nil)
	p.failed = err != nil
	p.mu.Unlock()
	if changed {
		p.report(err)
	}
}
