package support_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/services/support"
)

func TestText(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"Where is it?", "two\n\nlines\r\nand\ta tab", strings.Repeat("ü", support.MaxText)} {
		require.NoError(t, support.Text(good), "%.20q", good)
	}
	for bad, why := range map[string]string{
		"":                                     "empty",
		" \n\t\n":                              "empty",
		"a\x00b":                               "control",
		"a\u202eb":                             "control",
		"\xff":                                 "UTF-8",
		"4111 1111\n1111 1111":                 "card",
		strings.Repeat("x", support.MaxText+1): "at most",
	} {
		err := support.Text(bad)
		require.Equal(t, fault.Invalid, fault.CodeOf(err), "%.20q", bad)
		require.ErrorContains(t, err, why)
	}
}

func TestCase(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	by := func(s support.Side) support.Message {
		return support.Message{Author: support.Author{Side: s, ID: "x"}, Text: "Hello", At: now}
	}

	t.Run("EachSidesMessageChangesTheState", func(t *testing.T) {
		t.Parallel()
		c := support.Case{State: support.Open}
		require.NoError(t, c.Answer(by(support.Staff)))
		require.Equal(t, support.Answered, c.State)
		require.NoError(t, c.Answer(by(support.Customer)))
		require.Equal(t, support.Open, c.State)
		require.Equal(t, now, c.UpdatedAt)
		require.Len(t, c.Messages, 2)
	})
	t.Run("OneSideCannotUseUpTheMessagesOfTheOther", func(t *testing.T) {
		t.Parallel()
		c := support.Case{State: support.Open}
		for range support.MaxMessages {
			require.NoError(t, c.Answer(by(support.Customer)))
		}
		require.Equal(t, support.TooManyMessages, fault.CodeOf(c.Answer(by(support.Customer))))
		require.NoError(t, c.Answer(by(support.Staff)))
	})
	t.Run("AClosedCaseStaysAsItIs", func(t *testing.T) {
		t.Parallel()
		c := support.Case{State: support.Answered}
		require.True(t, c.Close(now))
		before := c
		require.False(t, c.Close(now.Add(time.Hour)))
		require.Equal(t, support.CaseClosed, fault.CodeOf(c.Answer(by(support.Staff))))
		_, err := c.Assign("mia", now)
		require.Equal(t, support.CaseClosed, fault.CodeOf(err))
		require.Equal(t, before, c)
	})
}
