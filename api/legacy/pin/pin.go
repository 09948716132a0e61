// Package pin keeps writes with an idempotency key on the side that they were first sent to:
// a key is known at one side, and a repeat at the other one would take effect again.
package pin

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/amends/amends/api/legacy/score"
)

// Life is how long a key stays pinned at least, unless there are more than [Most] newer ones.
const Life = time.Hour

// Most is the number of keys that are pinned for sure: at 100 writes in a second those of
// more than an hour, in about 30 MB.
const Most = 400_000

// digest is a part of the hash of a key.
type digest [16]byte

// Pins are the keys that one gateway has seen. They are safe for concurrent use.
type Pins struct {
	mu         sync.Mutex
	young, old map[digest]score.Side // two generations: a key leaves with its own
	born       time.Time             // of the young one
}

// Side returns the side of a key, which is chosen now if the key is new. Every use of a key
// prolongs its life. The chosen side is not pinned if choose fails.
func (p *Pins) Side(key string, now time.Time, choose func() (score.Side, error)) (score.Side, error) {
	if side, pinned := p.get(key, now); pinned {
		return side, nil
	}
	side, err := choose()
	if err != nil {
		return "", err
	}
	return p.put(key, side), nil
}

func (p *Pins) get(key string, now time.Time) (score.Side, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.young == nil || now.Sub(p.born) >= Life || len(p.young) >= Most {
		p.young, p.old, p.born = map[digest]score.Side{}, p.young, now
	}
	f := fingerprint(key)
	side, pinned := p.young[f]
	if !pinned {
		if side, pinned = p.old[f]; pinned {
			p.young[f] = side
		}
	}
	return side, pinned
}

// put pins a key, unless another request has since: its side is returned then.
func (p *Pins) put(key string, side score.Side) score.Side {
	p.mu.Lock()
	defer p.mu.Unlock()
	f := fingerprint(key)
	if first, pinned := p.young[f]; pinned {
		return first
	}
	p.young[f] = side
	return side
}

func fingerprint(key string) digest {
	sum := sha256.Sum256([]byte(key))
	return digest(sum[:16])
}
