// Package wake has commits wake the relays of their database in the same process.
package wake

import (
	"slices"
	"sync"

	"github.com/amends/amends/internal/background"
)

// alarms are the signals of the relays of this process, by the pool of their database:
// Tell has nothing but a transaction, and may run before its relay or without one.
var alarms = struct {
	sync.RWMutex
	of map[any][]chan struct{}
}{of: map[any][]chan struct{}{}}

// All signals those who listen to a database.
func All(pool any) {
	alarms.RLock()
	defer alarms.RUnlock()
	for _, c := range alarms.of[pool] {
		background.Ring(c)
	}
}

// On has c signalled whenever [All] is called for the database, until stop.
func On(pool any, c chan struct{}) (stop func()) {
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
