package outbox

import (
	"slices"
	"sync"

	"gorm.io/gorm"
)

// alarms are the signals of the relays of this process, by the pool of their database:
// Tell has nothing but a transaction, and may run before its relay or without one.
var alarms = struct {
	sync.RWMutex
	of map[gorm.ConnPool][]chan struct{}
}{of: map[gorm.ConnPool][]chan struct{}{}}

// wake wakes the relays of a database in this process.
func wake(pool gorm.ConnPool) {
	alarms.RLock()
	defer alarms.RUnlock()
	for _, c := range alarms.of[pool] {
		signal(c)
	}
}

// signal signals c, unless a signal is waiting already.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// onCommit has c signalled after each transaction on pool that told, until stop.
func onCommit(pool gorm.ConnPool, c chan struct{}) (stop func()) {
	alarms.Lock()
	defer alarms.Unlock()
	alarms.of[pool] = append(alarms.of[pool], c)
	return func() {
		alarms.Lock()
		defer alarms.Unlock()
		rest := slices.DeleteFunc(slices.Clone(alarms.of[pool]), func(other chan struct{}) bool { return other == c })
		if alarms.of[pool] = rest; len(rest) == 0 {
			delete(alarms.of, pool)
		}
	}
}
