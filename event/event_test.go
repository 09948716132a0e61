package event_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/amends/amends/event"
	"github.com/amends/amends/fault"
)

type counted struct {
	Units int64 `json:"units"`
}

var moved = event.Declare[counted](event.Declaration{Service: "inventory", Name: "stock_changed", Version: 1, Key: "sku", State: true})

func TestAMessageCarriesTheWholeEvent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := moved.At(rapid.StringN(1, 40, 160).Draw(t, "key"), rapid.String().Draw(t, "saga"), rapid.Int64Min(0).Draw(t, "version"), counted{Units: rapid.Int64().Draw(t, "units")})
		e.ID = rapid.StringN(1, 36, 36).Draw(t, "id")
		e.Time = time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "time")).UTC()
		e.Causation, e.Trace = rapid.String().Draw(t, "cause"), rapid.String().Draw(t, "trace")
		e.Style, e.Hops = rapid.StringMatching(`[a-z_]{0,9}`).Draw(t, "style"), rapid.IntMin(0).Draw(t, "hops")
		got, err := event.Decode(event.Encode(e))
		require.NoError(t, err)
		require.Equal(t, e, got)
		require.Equal(t, moved.TopicOf(e.Style), event.Encode(e).Topic)
	})
}

func TestDecodeRefusesWhatIsNoEvent(t *testing.T) {
	t.Parallel()
	e := moved.New("MUG", "", counted{Units: 1})
	e.ID, e.Time = "1", time.Now()
	for header, value := range map[string]string{
		"ce-specversion": "0.3", "ce-id": "", "ce-type": "order.placed", "ce-partitionkey": "", "ce-time": "today", "ce-sequence": "x", "ce-hops": "x", "ce-style": "a.b",
	} {
		m := event.Encode(e)
		m.Header[header] = value
		_, err := event.Decode(m)
		require.Equal(t, fault.Bug, fault.KindOf(err), header)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), header)
	}
}

// The topics of the styles of a fact are below that of the fact.
func TestATopicCoversThoseBelowIt(t *testing.T) {
	t.Parallel()
	require.Equal(t, "evt.inventory.stock_changed", moved.Topic())
	require.Equal(t, moved.Topic(), moved.TopicOf(""))
	require.Equal(t, "evt.inventory.stock_changed.ours", moved.TopicOf("ours"))
	for topic, covered := range map[string]bool{
		moved.TopicOf(""): true, moved.TopicOf("ours"): true, moved.Topic() + "_else": false, "evt.inventory": false,
	} {
		require.Equal(t, covered, event.Covers([]string{"evt.order.placed", moved.Topic()}, topic), topic)
	}
	require.False(t, event.Covers([]string{moved.TopicOf("ours")}, moved.Topic()))
	require.False(t, event.Covers([]string{moved.TopicOf("ours")}, moved.TopicOf("theirs")))
}

func TestReadRefusesAnotherFact(t *testing.T) {
	t.Parallel()
	other := event.Declare[counted](event.Declaration{Service: "inventory", Name: "reserved", Version: 1, Key: "order"})
	_, err := moved.Read(other.New("order-1", "order-1", counted{}))
	require.Equal(t, fault.Bug, fault.KindOf(err))
	data, err := moved.Read(moved.New("MUG", "", counted{Units: 3}))
	require.NoError(t, err)
	require.Equal(t, int64(3), data.Units)
}

func TestTheCauseTravelsInTheContext(t *testing.T) {
	t.Parallel()
	_, caused := event.Cause(t.Context())
	require.False(t, caused)
	e, caused := event.Cause(event.CausedBy(t.Context(), event.Event{ID: "1"}))
	require.True(t, caused)
	require.Equal(t, "1", e.ID)
	_, caused = event.Cause(event.Uncaused(event.CausedBy(t.Context(), e)))
	require.False(t, caused)
}
