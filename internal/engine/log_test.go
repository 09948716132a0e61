package engine

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/converter"
	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"
)

func TestFailedAttemptsAreNoAlarm(t *testing.T) {
	t.Parallel()

	for level, want := range map[slog.Level]string{
		slog.LevelInfo: "level=INFO msg=\"Activity error.\" worker=1 a.attempt=2\nlevel=INFO msg=\"LocalActivity completed after activity deadline.\"\nlevel=INFO msg=\"Failed to poll for task.\" Error=\"worker stopping\"\nlevel=WARN msg=\"Failed to poll for task.\" Error=\"engine away\"\nlevel=ERROR msg=\"step failed\"\n",
		slog.LevelWarn: "level=WARN msg=\"Failed to poll for task.\" Error=\"engine away\"\nlevel=ERROR msg=\"step failed\"\n",
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
		log.Warn("LocalActivity completed after activity deadline.")
		log.Warn("Failed to poll for task.", "Error", errors.New("worker stopping")) //nolint:sloglint // the SDK has this key
		log.Warn("Failed to poll for task.", "Error", errors.New("engine away"))     //nolint:sloglint // the SDK has this key
		log.Error("step failed")
		require.Equal(t, want, out.String())
	}
}

// The SDK logs the result of an activity that ends after its time.
func TestNoPayloadIsLogged(t *testing.T) {
	t.Parallel()

	const secret = "Ada Canary"
	payloads, err := converter.GetDefaultDataConverter().ToPayloads(secret)
	require.NoError(t, err)
	for format, handler := range map[string]func(*bytes.Buffer) slog.Handler{
		"json": func(b *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(b, nil) },
		"text": func(b *bytes.Buffer) slog.Handler { return slog.NewTextHandler(b, nil) },
	} {
		var out bytes.Buffer
		o, err := Options{Logger: slog.New(handler(&out)), Isolated: true}.resolve()
		require.NoError(t, err)
		log := o.Logger
		log.Info("Activity complete after timeout.", "Attempt", 2, "Result", payloads)
		sdklog.With(log, "of", payloads).Warn("unheard of", "group", slog.GroupValue(slog.Any("part", payloads.GetPayloads()[0])))
		require.NotContains(t, out.String(), secret, format)
		require.NotContains(t, out.String(), "QWRhIENhbmFyeQ", format) // in base64
		require.Contains(t, out.String(), "withheld", format)
		require.Contains(t, out.String(), "Attempt", format)
	}
}

// The line exists, and is caught as this version of the SDK writes it.
func TestTheResultOfALateActivityIsWithheld(t *testing.T) {
	t.Parallel()

	const secret = "Ada Canary"
	var out locked
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(discreet{slog.NewTextHandler(&out, nil)})))
	env := suite.NewTestWorkflowEnvironment().SetTestTimeout(time.Minute)
	late := func(ctx context.Context) (string, error) {
		<-ctx.Done()
		return secret, nil
	}
	env.RegisterActivityWithOptions(late, activity.RegisterOptions{Name: "late"})
	env.ExecuteWorkflow(func(ctx workflow.Context) error {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{
			StartToCloseTimeout: 50 * time.Millisecond, RetryPolicy: &temporal.RetryPolicy{MaximumAttempts: 1},
		})
		return workflow.ExecuteActivity(ctx, "late").Get(ctx, nil)
	})
	require.Error(t, env.GetWorkflowError())
	require.Contains(t, out.String(), "Activity complete after timeout.")
	require.Contains(t, out.String(), "Result=withheld")
	require.NotContains(t, out.String(), secret)
}

// locked is a buffer for several goroutines.
type locked struct {
	mu  sync.Mutex
	out bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.out.String()
}
