package token

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTroubleIsLoggedOnceAndOnlyIfItStays(t *testing.T) {
	t.Parallel()
	var logged bytes.Buffer
	tr := trouble{log: slog.New(slog.NewTextHandler(&logged, nil))}
	now, down := time.Unix(1_700_000_000, 0), errors.New("no instance")
	pass := func(err error, d time.Duration) {
		now = now.Add(d)
		tr.note(err, now)
	}

	pass(down, 0)
	pass(down, patience-1)
	pass(nil, time.Second)
	pass(down, time.Hour)
	pass(down, patience-1)
	require.Empty(t, logged.String(), "the service has only started later")
	pass(down, 1)
	pass(down, time.Hour)
	require.Equal(t, 1, strings.Count(logged.String(), "level=WARN"))
	pass(nil, time.Second)
	pass(nil, time.Second)
	require.Equal(t, 1, strings.Count(logged.String(), "level=INFO"))
	require.Equal(t, 2, strings.Count(logged.String(), "\n"))
}
