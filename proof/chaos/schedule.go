package chaos

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"time"
)

// Kind is a kind of fault.
type Kind string

// The kinds of faults of a schedule. Customers add two: see [Cancelled] and
// [Duplicated].
const (
	KillAPI            Kind = "kill -9 of the API"
	KillWorker         Kind = "kill -9 of a worker"
	KillOneOrder       Kind = "kill -9 of one of the two order workers"
	KillBothOrder      Kind = "kill -9 of both order workers"
	KillInTask         Kind = "kill -9 of both order workers in mid-task"
	KillPostgres       Kind = "kill -9 of the services' PostgreSQL"
	KillEngine         Kind = "kill -9 of the engine"
	KillEnginePostgres Kind = "kill -9 of the engine's PostgreSQL"
	StopWorker         Kind = "SIGSTOP of a worker past its start-to-close" //nolint:gosec // not a credential
	CutDatabase        Kind = "connections to the database cut"
	CutEngine          Kind = "connections to the engine cut"
	HoleDatabase       Kind = "connections to the database black-holed"
	HoleEngine         Kind = "connections to the engine black-holed"
	KillBroker         Kind = "kill -9 of the broker"
	StopBroker         Kind = "SIGSTOP of the broker"
	CutBroker          Kind = "connections to the broker cut"
	HoleBroker         Kind = "connections to the broker black-holed"
	ChangePrices       Kind = "prices changed"
)

// The behaviour of customers that counts as a fault.
const (
	Cancelled  Kind = "cancel in the middle of the saga"
	Duplicated Kind = "placements of one key at once"
)

// Fault is one fault of the platform.
type Fault struct {
	// At is its time, from the start of the faults.
	At   time.Duration `json:"at"`
	Kind Kind          `json:"kind"`
	// Victim is the process; empty where there is only one of the kind.
	Victim string `json:"victim,omitempty"`
	// For is its duration: until the restart, the SIGCONT, the end of a hole.
	For time.Duration `json:"for"`
	// Lost is the traffic that a hole swallows.
	Lost Lost `json:"lost,omitempty"`
}

// apiName is the name of the API's process.
const apiName = "api"

// brokerName is the name of the broker's process.
const brokerName = "broker"

// workers are the processes that run one service each.
var workers = append(slices.Clone(acting), following...)

// acting are the workers that sagas take steps of, and that the engine hands them to;
// following are the others.
var (
	acting    = []string{"order-1", "order-2", "catalog", "inventory", "payment", "shipping"}
	following = []string{"user", "query", "notification"}
)

// required are the faults that every run must have: each kind, and a kill of each
// worker.
func required() []Fault {
	all := []Fault{
		{Kind: KillAPI},
		{Kind: KillOneOrder},
		{Kind: KillBothOrder},
		{Kind: KillInTask},
		{Kind: KillPostgres},
		{Kind: KillEngine},
		{Kind: KillEnginePostgres},
		{Kind: StopWorker},
		{Kind: CutDatabase},
		{Kind: CutEngine},
		{Kind: HoleDatabase},
		{Kind: HoleEngine},
		{Kind: KillBroker},
		{Kind: StopBroker},
		{Kind: CutBroker},
		{Kind: HoleBroker},
		{Kind: ChangePrices},
	}
	for _, w := range workers[2:] {
		all = append(all, Fault{Kind: KillWorker, Victim: w})
	}
	return all
}

// interval is the mean time between two faults of a long run.
const interval = 3 * time.Second

// Schedule draws the faults of a run of that length: first all that a run must
// have, in any order, evenly over the time if that is short, then any.
func Schedule(seed uint64, length time.Duration, timing Timing) []Fault {
	r := rand.New(rand.NewPCG(seed, 1))
	must := required()
	r.Shuffle(len(must), func(i, j int) { must[i], must[j] = must[j], must[i] })
	n := max(len(must), int(length/interval))
	all := make([]Fault, n)
	for i := range all {
		f, listening := required()[r.IntN(len(required()))], workers
		if i < len(must) { // choreographed orders stand still where one of these hears nothing
			f, listening = must[i], acting
		}
		slot := length / time.Duration(n)
		f.At = time.Duration(i)*slot + time.Duration(r.Int64N(int64(slot)))
		all[i] = f.draw(r, timing, listening)
	}
	slices.SortStableFunc(all, func(a, b Fault) int { return cmp.Compare(a.At, b.At) })
	return all
}

// draw chooses the victim, among listening if it loses the broker, and the length.
func (f Fault) draw(r *rand.Rand, timing Timing, listening []string) Fault {
	between := func(low, high time.Duration) time.Duration {
		return (low + time.Duration(r.Int64N(int64(high-low)))).Round(time.Millisecond)
	}
	f.For = between(100*time.Millisecond, 1500*time.Millisecond)
	switch f.Kind {
	case KillOneOrder:
		f.Victim = workers[r.IntN(2)]
	case StopWorker:
		f.Victim = workers[r.IntN(len(workers))]
		f.For = timing.longestStep(f.Victim) + between(500*time.Millisecond, 2*time.Second)
	case StopBroker:
		f.For = publishing + between(500*time.Millisecond, 2*time.Second)
	case CutDatabase:
		f.Victim = workers[r.IntN(len(workers))]
	case CutBroker:
		f.Victim = listening[r.IntN(len(listening))]
	case CutEngine:
		f.Victim = append(slices.Clone(acting), apiName)[r.IntN(len(acting)+1)]
	case HoleDatabase, HoleEngine, HoleBroker:
		from := map[Kind][]string{HoleDatabase: workers, HoleEngine: acting, HoleBroker: listening}[f.Kind]
		f.Victim = from[r.IntN(len(from))]
		f.For = timing.StartToClose + between(500*time.Millisecond, 3*time.Second)
		f.Lost = []Lost{Requests, Replies, Both}[r.IntN(3)]
	case KillInTask:
		f.At /= 2 // while there are orders to come
	case KillAPI, KillWorker, KillBothOrder, KillPostgres, KillEngine, KillEnginePostgres, KillBroker, ChangePrices, Cancelled, Duplicated:
	}
	return f
}
