package order

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/saga/ledger"
)

var (
	asked  = begin.Add(time.Hour)
	raised = ledger.Attention{Step: "shipping.book", Code: "REQUEST_MISMATCH", Kind: "bug", Since: begin, Lasting: true}
)

func looked(at time.Time) ledger.Acknowledgement {
	return ledger.Acknowledgement{Reason: "read the log", Operator: "night", Reference: "case 4711", At: at}
}

// flagged is an order that ended with flags.
func flagged(status Status, flags ...ledger.Attention) Record {
	r := pending()
	r.Status, r.Attention, r.NotedAt = status, flags, begin
	return r
}

func TestAcknowledge(t *testing.T) {
	t.Parallel()

	for _, status := range []Status{Confirmed, Cancelled} {
		t.Run(string(status)+"/TakesTheFlagsDownAndStays", func(t *testing.T) {
			t.Parallel()

			r := flagged(status, raised)
			changed, err := r.Acknowledge(looked(asked))
			require.NoError(t, err)
			require.True(t, changed)
			want := flagged(status)
			kept := looked(asked)
			kept.Flags = []ledger.Attention{raised}
			want.Acknowledgements = []ledger.Acknowledgement{kept}
			require.Equal(t, want, r)
			require.False(t, r.NeedsAttention())
		})
	}

	t.Run("TwiceIsOnceAndTheFirstStays", func(t *testing.T) {
		t.Parallel()

		r := flagged(Cancelled, raised)
		_, err := r.Acknowledge(looked(asked))
		require.NoError(t, err)
		want := r
		other := looked(asked.Add(time.Hour))
		other.Operator, other.Reason = "day", "me too"
		changed, err := r.Acknowledge(other)
		require.NoError(t, err)
		require.False(t, changed)
		require.Equal(t, want, r)
	})

	t.Run("TheRecordDecidesAboutFlags", func(t *testing.T) {
		t.Parallel()

		r := flagged(Cancelled, raised)
		a := looked(asked)
		a.Flags = []ledger.Attention{{Step: "payment.capture"}}
		_, err := r.Acknowledge(a)
		require.NoError(t, err)
		require.Equal(t, []ledger.Attention{raised}, r.Acknowledgements[0].Flags)
	})

	t.Run("AFlagThatNobodyHasSeenStays", func(t *testing.T) {
		t.Parallel()

		younger := raised
		younger.Since = asked.Add(time.Nanosecond)
		r := flagged(Cancelled, raised, younger)
		_, err := r.Acknowledge(looked(asked))
		require.NoError(t, err)
		require.Equal(t, []ledger.Attention{younger}, r.Attention)

		_, err = r.Acknowledge(looked(asked.Add(time.Hour)))
		require.NoError(t, err)
		require.Len(t, r.Acknowledgements, 2)
		require.Equal(t, []ledger.Attention{younger}, r.Acknowledgements[1].Flags)

		fresh := flagged(Cancelled, younger)
		_, err = fresh.Acknowledge(looked(asked))
		requireFault(t, err, fault.Business, NothingToAcknowledge)
	})

	control, long, broken := looked(asked), looked(asked), looked(asked)
	control.Reason, long.Reference, broken.Operator = "a\nb", strings.Repeat("ü", maxText+1), "\xff"
	blank, unsigned, never := looked(asked), looked(asked), looked(time.Time{})
	blank.Reason, unsigned.Operator = " \t", ""
	for claim, tt := range map[string]struct {
		r    Record
		a    ledger.Acknowledgement
		kind fault.Kind
		code fault.Code
	}{
		"AnOrderWithoutAnEnd": {flagged(Pending, raised), looked(asked), fault.Business, NotDecided},
		"AnOrderWithoutAFlag": {flagged(Confirmed), looked(asked), fault.Business, NothingToAcknowledge},
		"NoReason":            {flagged(Cancelled, raised), blank, fault.Business, ReasonMissing},
		"AControlCharacter":   {flagged(Cancelled, raised), control, fault.Business, fault.Invalid},
		"ALongText":           {flagged(Cancelled, raised), long, fault.Business, fault.Invalid},
		"WhatIsNoText":        {flagged(Cancelled, raised), broken, fault.Business, fault.Invalid},
		"NoOperator":          {flagged(Cancelled, raised), unsigned, fault.Bug, fault.Invalid},
		"NoTime":              {flagged(Cancelled, raised), never, fault.Bug, fault.Invalid},
	} {
		t.Run("Refuses"+claim, func(t *testing.T) {
			t.Parallel()

			want := tt.r
			changed, err := tt.r.Acknowledge(tt.a)
			requireFault(t, err, tt.kind, tt.code)
			require.False(t, changed)
			require.Equal(t, want, tt.r)
		})
	}

	t.Run("TakesTheLongestText", func(t *testing.T) {
		t.Parallel()

		r, a := flagged(Cancelled, raised), looked(asked)
		a.Reason = strings.Repeat("ü", maxText)
		_, err := r.Acknowledge(a)
		require.NoError(t, err)
	})
}

// A request that is repeated takes down what it took down, and nothing that was
// raised since.
func TestARepeatedRequestChangesNothing(t *testing.T) {
	t.Parallel()

	r, a := flagged(Cancelled, raised), looked(asked)
	a.Request = "one"
	_, err := r.Acknowledge(a)
	require.NoError(t, err)
	another := raised
	another.Step, another.Since = "payment.capture", asked.Add(time.Minute)
	require.True(t, r.Note(Note{At: asked.Add(time.Minute), Attention: []ledger.Attention{another}}))
	want := r

	a.At = asked.Add(time.Hour)
	changed, err := r.Acknowledge(a)
	require.NoError(t, err)
	require.False(t, changed)
	require.Equal(t, want, r)
	a.Request = "two"
	changed, err = r.Acknowledge(a)
	require.NoError(t, err)
	require.True(t, changed)
	require.False(t, r.NeedsAttention())
}

// A flag that can still heal says what is owed.
func TestAFlagThatHealsIsNotTakenDown(t *testing.T) {
	t.Parallel()

	heals := raised
	heals.Step, heals.Owed, heals.Lasting = "payment.authorize", "money held", false
	r := flagged(Cancelled, raised, heals)
	_, err := r.Acknowledge(looked(asked))
	require.NoError(t, err)
	require.Equal(t, []ledger.Attention{heals}, r.Attention)
	require.Equal(t, []ledger.Attention{raised}, r.Acknowledgements[0].Flags)

	r = flagged(Cancelled, heals)
	changed, err := r.Acknowledge(looked(asked))
	require.Equal(t, NothingToAcknowledge, fault.CodeOf(err))
	require.False(t, changed)
}

// A saga repeats its report about itself, and it does not know what
// people have looked at.
func TestANoteListsOnlyUnacknowledgedFlags(t *testing.T) {
	t.Parallel()

	r := flagged(Cancelled, raised)
	_, err := r.Acknowledge(looked(asked))
	require.NoError(t, err)
	elsewhere := raised
	elsewhere.Since = raised.Since.In(time.FixedZone("there", 7200))
	require.True(t, r.Note(Note{At: begin.Add(time.Minute), Attention: []ledger.Attention{elsewhere}}))
	require.False(t, r.NeedsAttention(), "it is the same flag, told late or by a reset")

	later, step, code := raised, raised, raised
	later.Since, step.Step, code.Code = begin.Add(time.Second), "payment.capture", "INVALID"
	again := []ledger.Attention{later, step, code}
	require.True(t, r.Note(Note{At: asked.Add(time.Minute), Attention: append([]ledger.Attention{raised}, again...)}))
	require.Equal(t, again, r.Attention, "each is another one")
	require.Len(t, r.Acknowledgements, 1, "what was looked at stays")

	last := Closing{Reason: Deadline, Note: Note{At: asked.Add(time.Hour), Attention: []ledger.Attention{raised, later}}}
	_, err = r.Cancel(last, asked)
	require.NoError(t, err)
	require.Equal(t, []ledger.Attention{later}, r.Attention)
}
