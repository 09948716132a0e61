package rows

import (
	"hash/fnv"
	"time"
)

const (
	// epoch is before every order, in µs since 1970. The time since then has 51 bits
	// until 2091, and the tie 11 bits.
	epoch   = 1_577_836_800_000_000 // 2020-01-01
	tieBits = 11
)

// First returns the least seq of orders that were placed at or after a time.
func First(at time.Time) int64 {
	const last = 1 << 51
	return min(max(0, at.UnixMicro()-epoch), last) << tieBits
}

// seqOf returns the seq of an order: its numbers grow with the time of the placement, and
// are the same in every generation, so a cursor outlives a rebuild. Orders of the same
// microsecond are told apart by a hash of the id; see [unused] for equal ones.
func seqOf(id string, placed time.Time) int64 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id)) // it never fails
	return First(placed) | int64(h.Sum32()&(1<<tieBits-1))
}

// unused returns the first number from seq on that is not taken.
func unused(seq int64, taken func(int64) bool) int64 {
	for taken(seq) {
		seq++
	}
	return seq
}
