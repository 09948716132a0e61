package engine

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFailedAttemptsAreNoAlarm(t *testing.T) {
	t.Parallel()

	for level, want := range map[slog.Level]string{
		slog.LevelInfo: "level=INFO msg=\"Activity error.\" worker=1 a.attempt=2\nlevel=ERROR msg=\"step failed\"\n",
		slog.LevelWarn: "level=ERROR msg=\"step failed\"\n",
	} {
		var out bytes.Buffer
		log := slog.New(calmly{slog.NewTextHandler(&out, &slog.HandlerOptions{
			Level: level,
			ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.TimeKey {
					return slog.Attr{}
				}
				return a
			},
		})})
		log.With("worker", 1).WithGroup("a").Error("Activity error.", "attempt", 2)
		log.Error("step failed")
		require.Equal(t, want, out.String())
	}
}
