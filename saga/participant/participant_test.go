package participant_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/testsuite"
	"google.golang.org/grpc"
	"pgregory.net/rapid"

	"github.com/amends/amends/fault"
	"github.com/amends/amends/proof/rpctest"
	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/participant"
)

// connect serves steps and returns a client, and a context for its calls.
func connect(t *testing.T, steps *saga.Steps) (participant.Client, context.Context) {
	t.Helper()
	conn := rpctest.Connect(t, func(r grpc.ServiceRegistrar) { participant.Register(r, steps) })
	return participant.NewClient(conn), rpctest.Context(t)
}

// thing has every shape that a JSON value may lose on its way.
type thing struct {
	Text   string            `json:"text"`
	Number int64             `json:"number"`
	Real   float64           `json:"real"`
	Bytes  []byte            `json:"bytes"`
	List   []string          `json:"list"`
	Map    map[string]*thing `json:"map,omitempty"`
	At     time.Time         `json:"at,omitzero"`
	Left   string            `json:"-"`
}

var (
	echo  = saga.Step[thing, thing]{Name: "test.echo", Kind: saga.Recorded}
	hold  = saga.Step[string, string]{Name: "test.hold", Kind: saga.Compensatable}
	pivot = saga.Step[thing, thing]{Name: "test.pay", Kind: saga.Pivot}
)

func things() *rapid.Generator[thing] {
	return rapid.Custom(func(r *rapid.T) thing {
		return thing{
			Text: rapid.String().Draw(r, "text"), Number: rapid.Int64().Draw(r, "number"), Real: rapid.Float64().Draw(r, "real"),
			Bytes: rapid.SliceOf(rapid.Byte()).Draw(r, "bytes"), List: rapid.SliceOf(rapid.String()).Draw(r, "list"),
			Map: map[string]*thing{rapid.String().Draw(r, "key"): nil}, At: time.Unix(rapid.Int64Range(0, 1<<33).Draw(r, "at"), 0),
			Left: "not for the wire",
		}
	})
}

// TestJSONIsThatOfAnActivity: a step that is called here and there gives one result.
func TestJSONIsThatOfAnActivity(t *testing.T) {
	t.Parallel()
	var seen thing // the last input
	bind := func(r saga.Registry) {
		saga.Bind(r, echo, func(_ context.Context, _ saga.Key, in thing) (thing, error) {
			seen = in
			return in, nil
		}, nil)
	}
	steps := saga.NewSteps()
	bind(steps)
	client, ctx := connect(t, steps)
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestActivityEnvironment()
	bind(env)

	rapid.Check(t, func(r *rapid.T) {
		in := things().Draw(r, "in")
		arg, err := json.Marshal(map[string]any{"key": saga.Key{Saga: "s1", Step: echo.Name}, "input": in})
		require.NoError(t, err)
		result, err := env.ExecuteActivity(echo.Name, json.RawMessage(arg))
		require.NoError(t, err)
		var there struct {
			Output json.RawMessage `json:"output"`
		}
		require.NoError(t, result.Get(&there))
		asked := seen

		input, err := json.Marshal(in)
		require.NoError(t, err)
		output, err := client.Do(ctx, saga.Key{Saga: "s1", Step: echo.Name}, input)
		require.NoError(t, err)
		require.Equal(t, asked, seen)
		require.Equal(t, string(there.Output), string(output))
	})
}

func TestKeysTravel(t *testing.T) {
	t.Parallel()
	var seen saga.Key
	steps := saga.NewSteps()
	saga.Bind(steps, hold, func(_ context.Context, k saga.Key, in string) (string, error) {
		seen = k
		return in, nil
	}, func(_ context.Context, k saga.Key) error {
		seen = k
		return nil
	})
	saga.BindPivot(steps, pivot, func(_ context.Context, k saga.Key, in thing) (thing, error) {
		seen = k
		return in, nil
	}, func(_ context.Context, k saga.Key) (thing, bool, error) {
		seen = k
		return thing{Number: 7}, k.Generation > 0, nil
	})
	client, ctx := connect(t, steps)

	for _, k := range []saga.Key{{Saga: "s1", Step: hold.Name}, {Saga: "s1", Step: hold.Name, Generation: 3}} {
		_, err := client.Do(ctx, k, []byte(`"x"`))
		require.NoError(t, err)
		require.Equal(t, k, seen)
		seen = saga.Key{}
		require.NoError(t, client.Undo(ctx, k))
		require.Equal(t, k, seen)
	}
	for generation, happened := range map[int]bool{0: false, 1: true} {
		k := saga.Key{Saga: "s1", Step: pivot.Name, Generation: generation}
		output, got, err := client.Settle(ctx, k)
		require.NoError(t, err)
		require.Equal(t, happened, got)
		require.Equal(t, k, seen)
		require.Contains(t, string(output), `"number":7`)
	}
}

func TestFaultsOfStepsTravel(t *testing.T) {
	t.Parallel()
	var fail error
	steps := saga.NewSteps()
	saga.Bind(steps, hold, func(context.Context, saga.Key, string) (string, error) { return "", fail },
		func(context.Context, saga.Key) error { return fail })
	saga.BindPivot(steps, pivot, func(context.Context, saga.Key, thing) (thing, error) { return thing{}, fail },
		func(context.Context, saga.Key) (thing, bool, error) { return thing{}, false, fail })
	client, ctx := connect(t, steps)

	calls := map[string]func() error{
		"do": func() error {
			_, err := client.Do(ctx, saga.Key{Saga: "s1", Step: hold.Name}, []byte(`""`))
			return err
		},
		"undo": func() error { return client.Undo(ctx, saga.Key{Saga: "s1", Step: hold.Name}) },
		"settle": func() error {
			_, _, err := client.Settle(ctx, saga.Key{Saga: "s1", Step: pivot.Name})
			return err
		},
	}
	for _, kind := range []fault.Kind{fault.Business, fault.Unknown, fault.Suspension, fault.Bug, fault.Transient} {
		for name, call := range calls {
			fail = fault.Errorf(kind, "SOME_CODE", "some message")
			err := call()
			require.Equal(t, kind, fault.KindOf(err), name)
			require.EqualError(t, err, "SOME_CODE: some message", name)
		}
	}
}

// TestMistakesAreBugs: repeating such a call mends nothing.
func TestMistakesAreBugs(t *testing.T) {
	t.Parallel()
	steps := saga.NewSteps()
	saga.Bind(steps, echo, func(_ context.Context, _ saga.Key, in thing) (thing, error) { return in, nil }, nil)
	saga.Bind(steps, saga.Step[saga.None, func()]{Name: "test.silent", Kind: saga.Recorded},
		func(context.Context, saga.Key, saga.None) (func(), error) { return func() {}, nil }, nil)
	client, ctx := connect(t, steps)
	do := func(k saga.Key, input string) error {
		_, err := client.Do(ctx, k, []byte(input))
		return err
	}
	for _, c := range []struct {
		want string
		err  error
	}{
		{`INTERNAL: no service of this process can do the step "test.none"`, do(saga.Key{Saga: "s1", Step: "test.none"}, "{}")},
		{`INTERNAL: no service of this process can do the step "test.echo.undo"`, do(saga.Key{Saga: "s1", Step: "test.echo.undo"}, "{}")},
		{`INTERNAL: no service of this process can undo the step "test.echo"`, client.Undo(ctx, saga.Key{Saga: "s1", Step: echo.Name})},
		{"INVALID: the input of test.echo has another form", do(saga.Key{Saga: "s1", Step: echo.Name}, `{"number":"many"}`)},
		{"INVALID: the input of test.echo has another form", do(saga.Key{Saga: "s1", Step: echo.Name}, "")},
		{"INVALID: /test.echo is no key of a step", do(saga.Key{Step: echo.Name}, "{}")},
		{"INVALID: s1/test.echo is no key of a step", do(saga.Key{Saga: "s1", Step: echo.Name, Generation: -1}, "{}")},
		{"INTERNAL: the output of test.silent has no JSON", do(saga.Key{Saga: "s1", Step: "test.silent"}, "{}")},
	} {
		require.EqualError(t, c.err, c.want)
		require.Equal(t, fault.Bug, fault.KindOf(c.err), c.want)
	}
}

func TestOnlyStepsAreRegisteredAndOnce(t *testing.T) {
	t.Parallel()
	steps := saga.NewSteps()
	bind := func() {
		saga.Bind(steps, echo, func(_ context.Context, _ saga.Key, in thing) (thing, error) { return in, nil }, nil)
	}
	bind()
	require.PanicsWithValue(t, "saga: the do of test.echo is bound twice", bind)
	require.PanicsWithValue(t, "saga: the activity order.audit is no step", func() {
		steps.RegisterActivityWithOptions(nil, activity.RegisterOptions{Name: "order.audit"})
	})
	require.Equal(t, []string{"test.echo"}, steps.Names())
}
