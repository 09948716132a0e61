package txn

import "time"

// Now returns the present as both databases store it: UTC, in whole microseconds.
func Now() time.Time { return time.Now().UTC().Truncate(time.Microsecond) }
