package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client/guest"
	"github.com/amends/amends/cmd/amends/internal/cli"
	"github.com/amends/amends/proof/enginetest"
	"github.com/amends/amends/proof/transcript"
)

// patience bounds every wait of these tests; it allows for a loaded machine.
const patience = 3 * time.Minute

// atOnce bounds a command that waits for nothing, and drained one that ends on a signal: the
// limits of its parts are 15 s together. A loaded machine needs time of its own beside them.
const atOnce, drained = 30 * time.Second, 40 * time.Second

// tick is the time between two looks at a platform by a command.
const tick = 200 * time.Millisecond

// process is a running command.
type process struct {
	out, err *transcript.Text
	stop     context.CancelFunc
	done     chan error
}

// start runs a command as main does, but in this process. Cleanup stops it.
func start(t *testing.T, environ []string, args ...string) *process {
	t.Helper()
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	p := &process{out: &transcript.Text{}, err: &transcript.Text{}, stop: stop, done: make(chan error, 1)}
	go func() {
		p.done <- run(ctx, args, cli.Stdio{In: strings.NewReader(""), Out: p.out, Err: p.err, Environ: environ})
		close(p.done)
	}()
	t.Cleanup(func() { _ = p.end(t) })
	return p
}

// end stops the command and returns its error.
func (p *process) end(t *testing.T) error {
	t.Helper()
	p.stop()
	return p.wait(t)
}

// wait waits until the command ends by itself, and returns its error.
func (p *process) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-p.done:
		return err
	case <-time.After(patience):
		require.Fail(t, "the command does not end", "%s%s", p.out, p.err)
		return nil
	}
}

// says waits until the output matches, and returns the match's groups.
func says(t *testing.T, p *process, o *transcript.Text, pattern string) []string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	var match []string
	require.Eventually(t, func() bool {
		match = re.FindStringSubmatch(o.String())
		select {
		case err, running := <-p.done:
			require.True(t, match != nil || running && err == nil, "ended: %v\n%s%s", err, p.out, p.err)
		default:
		}
		return match != nil
	}, patience, 10*time.Millisecond, "waiting for %q", pattern)
	return match
}

// requireSaid repeats a command until it succeeds and its output matches, and returns the
// output: the engine's list lags behind, and a step takes its time.
func requireSaid(t *testing.T, pattern string, command func() (string, error)) (out string) {
	t.Helper()
	re := regexp.MustCompile(pattern)
	var err error
	require.Eventually(t, func() bool {
		out, err = command()
		return err == nil && re.MatchString(out)
	}, patience, tick, "waiting for %q", pattern)
	return out
}

// once runs a command to its end.
func once(t *testing.T, environ []string, args ...string) (string, error) {
	t.Helper()
	p := start(t, environ, args...)
	err := p.wait(t)
	return p.out.String(), err
}

// platformUnderTest is a running `amends dev`.
type platformUnderTest struct {
	*process
	api, ui, admin, curl string
}

var anyPorts = []string{"--http-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--temporal-port", "0", "--ui-port", "0"}

func startDev(t *testing.T, dir string, args ...string) *platformUnderTest {
	t.Helper()
	return startDevWith(t, dir, nil, args...)
}

// startDevWith is startDev with settings.
func startDevWith(t *testing.T, dir string, settings []string, args ...string) *platformUnderTest {
	t.Helper()
	args = append(append([]string{"dev", "--data-dir", dir, "--temporal-bin", enginetest.CLI(t)}, anyPorts...), args...)
	p := start(t, append([]string{
		"TEMPORAL_ADDRESS=another.engine:7233",
		"AMENDS_DOCTOR_EVERY=87600h", // the default of 5 minutes could fire during a test
	}, settings...), args...)
	m := says(t, p, p.out, `(?s)API +(\S+).*Sagas +(\S+)/namespaces.*Metrics +(\S+)/metrics.*(curl [^\n]+)\n.*stays in`)
	return &platformUnderTest{process: p, api: m[1], ui: m[2], admin: m[3], curl: m[4]}
}

// engineOf returns the address of the engine of the `amends dev` in a folder, as commands
// find it.
func engineOf(t *testing.T, dir string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(dir, "platform.yaml"))
	require.NoError(t, err)
	found := regexp.MustCompile(`temporal:\n +address: (\S+)`).FindStringSubmatch(string(content))
	require.Len(t, found, 2, "%s", content)
	return found[1]
}

// guests keeps the claims of all placements.
var guests = guest.New(http.DefaultTransport)

// call makes a request and reads the answer.
func call(t *testing.T, method, url, body string, header map[string]string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	for name, value := range header {
		request.Header.Set(name, value)
	}
	client := &http.Client{Timeout: patience, Transport: guests}
	defer client.CloseIdleConnections()
	answer, err := client.Do(request)
	require.NoError(t, err)
	defer func() { require.NoError(t, answer.Body.Close()) }()
	content, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	object := map[string]any{}
	if strings.Contains(answer.Header.Get("Content-Type"), "json") {
		require.NoError(t, json.Unmarshal(content, &object), "%s", content)
	} else {
		object["text"] = string(content)
	}
	return answer.StatusCode, object
}

// whole reads a page until no part of it is missing, for a slow service misses the time that a
// page has for it. The answer must be 200.
func whole(t *testing.T, url string, header map[string]string) (page map[string]any) {
	t.Helper()
	require.Eventually(t, func() bool {
		code, answer := call(t, http.MethodGet, url, "", header)
		missing, _ := answer["missing"].([]any)
		page = answer
		return code == http.StatusOK && len(missing) == 0
	}, patience, tick, url)
	return page
}

// mugForBerlin is a guest's placement.
const mugForBerlin = `{"customer_id":"cus_1","currency":"EUR","lines":[{"sku":"MUG-STONEWARE","quantity":1}],
	"ship_to":{"name":"A","line1":"B","city":"C","postal_code":"10115","country":"DE"},"payment_token":"tok_visa"}`

// place places an order for a mug, and waits for its decision if wait is true.
func place(t *testing.T, api, key, token string, wait bool) map[string]any {
	t.Helper()
	header := map[string]string{"Content-Type": "application/json", "Idempotency-Key": key + "-which-cannot-be-guessed"}
	if wait {
		header["Prefer"] = "wait=30"
	}
	code, order := call(t, http.MethodPost, api+"/v1/orders", strings.Replace(mugForBerlin, "tok_visa", token, 1), header)
	require.Contains(t, []int{http.StatusOK, http.StatusAccepted}, code, "%v", order)
	return order
}

// step returns a step of an order's saga, nil while the step is unknown.
func step(t *testing.T, api, id, name string) map[string]any {
	t.Helper()
	_, order := call(t, http.MethodGet, api+"/v1/orders/"+id, "", nil)
	steps, _ := order["steps"].([]any)
	for _, s := range steps {
		if s, _ := s.(map[string]any); s["name"] == name {
			return s
		}
	}
	return nil
}

// text returns a JSON value as a string; any other type fails the test.
func text(t *testing.T, v any) string {
	t.Helper()
	s, ok := v.(string)
	require.True(t, ok, "%v is no text", v)
	return s
}
