// Package search tries schedules of faults in order of their size. It knows nothing of
// the saga: a [Runner] runs it under one schedule, and says by which faults the schedule
// can grow. The explorers of orchestrated and of choreographed sagas share it.
package search
