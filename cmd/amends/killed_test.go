package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/amends/amends/internal/engine"
	"github.com/amends/amends/workflows"
	doctorflow "github.com/amends/amends/workflows/doctor"
)

// deadly is a platform whose second worker is killed: this test binary, as amends.
var deadly = append([]string{asAmends + "=1", "AMENDS_DOCTOR_EVERY=87600h"}, nightShift...)

// TestDevKillsAWorker switches the fault on by its page, and places orders whose authorization takes
// seconds, until the engine has an attempt that got no answer and was repeated.
func TestDevKillsAWorker(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := startDevWith(t, dir, deadly)
	night := signIn(t, p.admin, "night-night-night-1")
	require.True(t, strings.Contains(night.page("/load"), "Switch on: A worker is killed"), "it is off") //nolint:testifylint // Contains would print the page
	night.send("/load", "/load/faults", url.Values{"fault": {"worker-killed"}, "on": {"yes"}})

	engine, err := engine.Dial(engine.Options{Address: engineOf(t, dir), Isolated: true})
	require.NoError(t, err)
	t.Cleanup(engine.Close)
	var placed []string
	killed := regexp.MustCompile(`Killed so far: [1-9]`)
	require.Eventually(t, func() bool {
		if len(placed) < 20 {
			placed = append(placed, text(t, place(t, p.api, "killed-"+strconv.Itoa(len(placed)), "tok_slow", false)["id"]))
		}
		return killed.MatchString(night.page("/load")) && anyLost(t, engine.Client, placed)
	}, patience, 500*time.Millisecond, "an attempt of a worker that was killed has no answer, and is repeated")

	night.send("/load", "/load/faults", url.Values{"fault": {"worker-killed"}, "on": {"no"}})
	require.True(t, strings.Contains(night.page("/load"), "Switch on: A worker is killed"), "it is off") //nolint:testifylint // Contains would print the page
	for _, id := range placed {
		last := any(nil)
		require.Eventually(t, func() bool {
			_, order := call(t, http.MethodGet, p.api+"/v1/orders/"+id, "", nil)
			last = order["status"]
			return last == "CONFIRMED" || last == "CANCELLED" // some have waited until it was decided against them
		}, patience, tick, "%s: %v", id, &last)
	}
	// The services agree with each other, with the provider and with the carrier: each effect is there once, or undone.
	var report doctorflow.Report
	require.Eventually(t, func() bool {
		report = ward{p, dir, engineOf(t, dir)}.examine(t)
		return report.Judged >= len(placed)
	}, patience, time.Second, "all orders are old enough")
	kinds, orders := wrong(report)
	require.Empty(t, kinds, "%v", orders)
}

// anyLost reports whether an order has an attempt that began after one without an answer.
func anyLost(t *testing.T, engine client.Client, ids []string) bool {
	t.Helper()
	for _, id := range ids {
		history := engine.GetWorkflowHistory(t.Context(), workflows.WorkflowID(id), "", false, enums.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
		for history.HasNext() {
			e, err := history.Next()
			if err != nil {
				return false // it is not there yet
			}
			began := e.GetActivityTaskStartedEventAttributes()
			if began.GetAttempt() > 1 && began.GetLastFailure().GetTimeoutFailureInfo().GetTimeoutType() == enums.TIMEOUT_TYPE_START_TO_CLOSE {
				return true
			}
		}
	}
	return false
}

// visitor is a person who has signed in at the console.
type visitor struct {
	t    *testing.T
	at   string
	http *http.Client
}

func signIn(t *testing.T, admin, secret string) visitor {
	t.Helper()
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	v := visitor{t, admin + "/console", &http.Client{Jar: jar, Timeout: patience}}
	t.Cleanup(v.http.CloseIdleConnections)
	v.send("/sign-in", "/sign-in", url.Values{"secret": {secret}})
	return v
}

// page returns a page, whole.
func (v visitor) page(path string) string {
	v.t.Helper()
	return v.do(http.MethodGet, path, nil)
}

// send sends the form of a page, and follows the answer.
func (v visitor) send(page, to string, form url.Values) {
	v.t.Helper()
	token := regexp.MustCompile(`name="csrf" value="([^"]+)"`).FindStringSubmatch(v.page(page))
	require.Len(v.t, token, 2, page)
	form.Set("csrf", token[1])
	v.do(http.MethodPost, to, form)
}

func (v visitor) do(method, path string, form url.Values) string {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, v.at+path, strings.NewReader(form.Encode()))
	require.NoError(v.t, err)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	answer, err := v.http.Do(r)
	require.NoError(v.t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	require.NoError(v.t, err)
	require.Equal(v.t, http.StatusOK, answer.StatusCode, "%s: %s", path, content)
	return string(content)
}
