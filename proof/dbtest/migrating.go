package dbtest

import (
	"sync"
	_ "unsafe" // for go:linkname
)

// scanners are the buffers into which goose reads migrations, one for each line of a statement.
//
//go:linkname scanners github.com/pressly/goose/v3/internal/sqlparser.bufferPool
var scanners sync.Pool

// The buffers have 4 MiB. Under the race detector a pool forgets a quarter of its values, at
// random, and making buffers anew was 40 % of the CPU of tests that migrate databases. A buffer
// grows to the same 4 MiB if a line needs it.
func init() {
	scanners.New = func() any {
		buffer := make([]byte, 4<<10)
		return &buffer
	}
}
