package balance

import (
	"sync"
	"sync/atomic"
	"time"
)

const (
	// tolerated is how many failures in a row eject an instance.
	tolerated = 5
	// firstEjection is the length of the first ejection; each further one doubles.
	firstEjection = 10 * time.Second
	// longestEjection bounds the growth.
	longestEjection = 5 * time.Minute
)

// instances are the instances of one connection, and which of them are ejected.
type instances struct {
	mu    sync.Mutex
	known map[string]*instance // by the key of the resolver
}

// instance is the record of one instance. All but until belongs to the lock of
// [instances].
type instance struct {
	key      string
	ready    int // its connections that are up
	failures int // in a row; an ejection leaves it, so that the next failure ejects again
	last     time.Duration
	until    atomic.Int64 // the end of its last ejection, in ns since 1970
}

// get returns the record of an instance, a new one for an unknown key.
func (s *instances) get(key string) *instance {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.known[key]
	if i == nil {
		i = &instance{key: key}
		s.known[key] = i
	}
	return i
}

// retain forgets all instances but those of keys.
func (s *instances) retain(keys map[string]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key := range s.known {
		if !keys[key] {
			delete(s.known, key)
		}
	}
}

// connected counts a connection that has come up, or gone down.
func (s *instances) connected(i *instance, up bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if up {
		i.ready++
	} else {
		i.ready--
	}
}

// ejected reports whether the instance gets no calls.
func (i *instance) ejected(now time.Time) bool { return now.UnixNano() < i.until.Load() }

// succeeded records an answer. An instance that then has been back for as long as it was
// away starts anew.
func (s *instances) succeeded(i *instance, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i.ejected(now) {
		return // a call from before
	}
	i.failures = 0
	if now.UnixNano() > i.until.Load()+int64(i.last) {
		i.last = 0
	}
}

// failed records a failure, and returns how long it ejects the instance: 0 if it does
// not. Never more than half of those that are up are ejected: if most of them fail, the
// cause is elsewhere, and the rest would only be overloaded too.
func (s *instances) failed(i *instance, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if i.ejected(now) {
		return 0 // a call from before
	}
	if i.failures++; i.failures < tolerated {
		return 0
	}
	up, away := 0, 1
	for _, other := range s.known {
		if other.ready > 0 {
			up++
			if other.ejected(now) {
				away++
			}
		}
	}
	if 2*away > up {
		return 0
	}
	i.last = min(max(firstEjection, 2*i.last), longestEjection)
	i.until.Store(now.Add(i.last).UnixNano())
	return i.last
}
