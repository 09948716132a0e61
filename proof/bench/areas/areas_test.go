package areas_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
	"github.com/stretchr/testify/require"

	"github.com/amends/amends/proof/bench/areas"
)

// written returns a CPU profile: stacks, the innermost function first, and the
// nanoseconds spent in each.
func written(t *testing.T, of string, stacks map[string]int64) *bytes.Buffer {
	t.Helper()
	p := &profile.Profile{SampleType: []*profile.ValueType{{Type: "samples", Unit: "count"}, {Type: of, Unit: "nanoseconds"}}}
	for stack, ns := range stacks {
		s := &profile.Sample{Value: []int64{1, ns}}
		for name := range strings.SplitSeq(stack, " < ") {
			f := &profile.Function{ID: uint64(len(p.Function) + 1), Name: name}
			l := &profile.Location{ID: f.ID, Line: []profile.Line{{Function: f}}}
			p.Function, p.Location, s.Location = append(p.Function, f), append(p.Location, l), append(s.Location, l)
		}
		p.Sample = append(p.Sample, s)
	}
	var b bytes.Buffer
	require.NoError(t, p.Write(&b))
	return &b
}

func TestReadGivesTimeToTheInnermostThatIsKnown(t *testing.T) {
	t.Parallel()
	shares, err := areas.Read(written(t, "cpu", map[string]int64{
		"runtime.memmove < google.golang.org/protobuf/proto.Marshal < go.temporal.io/sdk/worker.Run":                    30,
		"runtime.nextFreeFast < runtime.mallocgc < gorm.io/gorm.(*DB).First < github.com/amends/amends/services.Do":     20,
		"runtime.scanobject < runtime.gcDrain < runtime.systemstack":                                                    10,
		"internal/runtime/syscall/linux.Syscall6 < syscall.write < internal/poll.(*FD).Write < net.(*conn).Write":       15,
		"runtime.mapaccess2 < github.com/amends/amends/workflows.(*orderSaga).view":                                     5,
		"github.com/amends/amends/internal/database.(*conn).Exec < gorm.io/gorm.(*DB).Exec":                             5,
		"go.temporal.io/server/common/persistence/sql.(*db).Insert < go.temporal.io/server/service/history/shard.Write": 5,
		"runtime.futex < runtime.stopm < runtime.gcstopm < runtime.schedule":                                            4,
		"main.strange": 6,
	}))
	require.NoError(t, err)
	require.Equal(t, map[areas.Area]float64{
		areas.Protobuf: 0.30, areas.Memory: 0.30, areas.SystemCalls: 0.15, areas.Own: 0.05, areas.SQL: 0.05, areas.Store: 0.05, areas.Scheduling: 0.04, areas.Others: 0.06,
	}, shares)
	for a := range shares {
		require.Contains(t, areas.All, a)
	}
}

func TestReadRefusesAnythingButACPUProfile(t *testing.T) {
	t.Parallel()
	_, err := areas.Read(strings.NewReader("no profile"))
	require.ErrorContains(t, err, "CPU profile: ")
	_, err = areas.Read(written(t, "alloc_space", map[string]int64{"main.main": 1}))
	require.EqualError(t, err, "CPU profile: there is no CPU time in it")
}

func TestCoordinationIsUpToTheReaction(t *testing.T) {
	t.Parallel()
	const listener = "github.com/amends/amends/event/inbox/handler.(*Caller).One < github.com/amends/amends/event/inbox.(*Group).next"
	share, err := areas.Coordination(written(t, "cpu", map[string]int64{
		"runtime.memmove < github.com/nats-io/nats%2ego.(*Conn).readLoop":                                              10,
		"github.com/amends/amends/event/outbox.(*Relay).mark < github.com/amends/amends/event/outbox.(*Relay).publish": 10,
		"gorm.io/gorm.(*DB).Find < " + listener:                                                                        10,
		"gorm.io/gorm.(*DB).Find < github.com/amends/amends/event/choreography.(*Listening).handle < " + listener:      40,
		"github.com/amends/amends/event/outbox.Tell < github.com/amends/amends/services/order/store.(*Store).Create":   30,
	}))
	require.NoError(t, err)
	require.InDelta(t, 0.3, share, 1e-9)
	share, err = areas.Coordination(written(t, "cpu", nil))
	require.NoError(t, err)
	require.Zero(t, share)
	_, err = areas.Coordination(strings.NewReader("no profile"))
	require.ErrorContains(t, err, "CPU profile: ")
}
