package api

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/operator"
	"github.com/amends/amends/api/operator/letters"
	"github.com/amends/amends/api/problem"
	"github.com/amends/amends/fault"
)

// fakeDesk has dead letters in memory. A position is an index + 1.
type fakeDesk struct {
	groups  []string
	letters map[string][]contract.DeadLetter
	err     error

	mu   sync.Mutex
	made []letters.Decision
}

func (f *fakeDesk) Groups() []string { return f.groups }

func (f *fakeDesk) Dead(_ context.Context, group, key string, after int64, limit int) (page []contract.DeadLetter, next int64, err error) {
	for i, l := range f.letters[group] {
		switch position := int64(i) + 1; {
		case position <= after, key != "" && l.Key != key:
		case len(page) == limit:
			return page, next, f.err
		default:
			page, next = append(page, l), position
		}
	}
	return page, 0, f.err
}

func (f *fakeDesk) Redrive(_ context.Context, d letters.Decision) (contract.LetterDecision, error) {
	return f.decide(d, "redrive", "running")
}

func (f *fakeDesk) Discard(_ context.Context, d letters.Decision) (contract.LetterDecision, error) {
	return f.decide(d, "discard", "done")
}

func (f *fakeDesk) RedriveAll(_ context.Context, d letters.Decision) (contract.Redrive, error) {
	_, err := f.decide(d, "redrive", "running")
	return contract.Redrive{Id: "rdr_2", Group: d.Group, Selection: "all", Reason: d.Reason, Operator: d.Operator, Rate: 50, State: "running", Requested: 3}, err
}

func (f *fakeDesk) Progress(_ context.Context, group, id string) (contract.Redrive, error) {
	if id != "rdr_2" {
		return contract.Redrive{}, fault.Errorf(fault.Business, fault.NotFound, "there is no redrive %s", id)
	}
	return contract.Redrive{Id: id, Group: group, Selection: "all", State: "stopped", Requested: 3, Handled: 1, Failed: 1, FailedEvent: new("e2")}, f.err
}

func (f *fakeDesk) decide(d letters.Decision, action, state string) (contract.LetterDecision, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.made = append(f.made, d)
	return contract.LetterDecision{
		Id: "rdr_1", Group: d.Group, Action: action, EventId: d.ID, Reason: d.Reason, Operator: d.Operator, State: state, CreatedAt: time.Now(),
	}, f.err
}

// lettersBundle is the admin address of a process with listening services and no API.
type lettersBundle struct {
	desk  *fakeDesk
	admin *httptest.Server
	logs  *logs
}

func setupLetters(t *testing.T, operators ...operator.Operator) *lettersBundle {
	t.Helper()
	b := &lettersBundle{desk: &fakeDesk{groups: []string{"order", "payment", "shipping"}, letters: map[string][]contract.DeadLetter{}}, logs: &logs{}}
	for group, n := range map[string]int{"order": 2, "shipping": 3} {
		for i := range n {
			b.desk.letters[group] = append(b.desk.letters[group], contract.DeadLetter{
				Id: fmt.Sprintf("%s/%d", group, i), Group: group, Type: "amends.order.placed.v1", Key: fmt.Sprintf("ord_%d", i),
				Code: "REQUEST_MISMATCH", Since: time.Now(), Data: json.RawMessage(`{"n":1}`),
			})
		}
	}
	b.admin = httptest.NewServer(NewAdmin(Admin{Letters: b.desk, Operators: operators, Logger: slog.New(slog.NewTextHandler(b.logs, nil))}))
	t.Cleanup(b.admin.Close)
	return b
}

func twoOperators(t *testing.T) *lettersBundle {
	t.Helper()
	return setupLetters(t, operator.Operator{Name: "night", Secret: nightSecret}, operator.Operator{Name: "day", Secret: daySecret})
}

// ask sends a request with header lines; one with a body is JSON.
func (b *lettersBundle) ask(t *testing.T, method, path, body string, header ...string) response {
	t.Helper()
	if body != "" {
		header = append(header, "Content-Type: application/json")
	}
	return askAdmin(t, b.admin, method, path, body, header...)
}

const asNight = "Authorization: Bearer " + nightSecret

// list requires a page, and returns the ids of its letters and the next cursor.
func (b *lettersBundle) list(t *testing.T, query string) (ids []string, next string) {
	t.Helper()
	answer := b.ask(t, http.MethodGet, "/v1/dead-letters"+query, "", asNight)
	require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
	require.Equal(t, "no-store", answer.Header.Get("Cache-Control"))
	var page contract.DeadLetters
	require.NoError(t, json.Unmarshal([]byte(answer.text), &page))
	require.NotNil(t, page.DeadLetters, "an empty list is a list")
	for _, l := range page.DeadLetters {
		ids = append(ids, l.Id)
	}
	if page.NextCursor != nil {
		next = *page.NextCursor
	}
	return ids, next
}

func TestListDeadLetters(t *testing.T) {
	t.Parallel()
	b := twoOperators(t)
	all := []string{"order/0", "order/1", "shipping/0", "shipping/1", "shipping/2"}

	t.Run("OfAllServices", func(t *testing.T) {
		t.Parallel()
		ids, next := b.list(t, "")
		require.Equal(t, all, ids)
		require.Empty(t, next)
	})
	t.Run("ByGroupAndKey", func(t *testing.T) {
		t.Parallel()
		ids, _ := b.list(t, "?group=shipping")
		require.Equal(t, all[2:], ids)
		ids, _ = b.list(t, "?key=ord_1")
		require.Equal(t, []string{"order/1", "shipping/1"}, ids)
		ids, _ = b.list(t, "?group=payment")
		require.Empty(t, ids)
	})
	for _, limit := range []int{1, 2, 3, 4} {
		t.Run(fmt.Sprintf("InPagesOf%d", limit), func(t *testing.T) {
			t.Parallel()
			var ids []string
			for query := fmt.Sprintf("?limit=%d", limit); ; {
				page, next := b.list(t, query)
				require.LessOrEqual(t, len(page), limit)
				ids = append(ids, page...)
				if next == "" {
					break
				}
				query = fmt.Sprintf("?limit=%d&cursor=%s", limit, url.QueryEscape(next))
			}
			require.Equal(t, all, ids)
		})
	}
	t.Run("RefusesABadQuery", func(t *testing.T) {
		t.Parallel()
		_, next := b.list(t, "?group=shipping&limit=1")
		for query, pointer := range map[string]string{
			"limit=0": "/limit", "limit=-1": "/limit", "limit=101": "/limit", "limit=abc": "/limit", "limit=1.5": "/limit",
			"cursor=!": "/cursor", "cursor=YQ": "/cursor", "group=order&cursor=" + next: "/cursor",
			"key=%00": "/key", "key=%ff": "/key", "group=%00": "/group",
		} {
			p := b.ask(t, http.MethodGet, "/v1/dead-letters?"+query, "", asNight).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
			require.Len(t, *p.Errors, 1, query)
			require.Equal(t, pointer, (*p.Errors)[0].Pointer, query)
		}
		b.ask(t, http.MethodGet, "/v1/dead-letters?gruop=order", "", asNight).refused(t, http.StatusBadRequest, problem.BadRequest)
		b.ask(t, http.MethodGet, "/v1/dead-letters?group=catalog", "", asNight).refused(t, http.StatusNotFound, fault.NotFound)
		b.ask(t, http.MethodGet, "/v1/dead-letters", "", asNight, "Accept: text/html").refused(t, http.StatusNotAcceptable, problem.NotAcceptable)
	})
}

func TestDecideAboutADeadLetter(t *testing.T) {
	t.Parallel()

	t.Run("InTheNameOfTheTokensOperator", func(t *testing.T) {
		t.Parallel()
		b := twoOperators(t)
		answer := b.ask(t, http.MethodPost, "/v1/dead-letters/order%2F0/redrive", `{"group": "order", "reason": "fixed in 1.4", "rate": 7}`, asNight)
		require.Equal(t, http.StatusAccepted, answer.StatusCode, answer.text)
		require.Contains(t, answer.text, `"operator":"night"`)
		answer = b.ask(t, http.MethodPost, "/v1/dead-letters/e1/discard", `{"group": "shipping", "reason": "told by mistake"}`, "Authorization: bearer "+daySecret)
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
		require.Equal(t, []letters.Decision{
			{Group: "order", ID: "order/0", Reason: "fixed in 1.4", Operator: "night", Rate: 7},
			{Group: "shipping", ID: "e1", Reason: "told by mistake", Operator: "day"},
		}, b.desk.made)
		log := b.logs.String()
		for _, want := range []string{"event=order/0", "group=order", "operator=night", "action=redrive", "decision=rdr_1", "operator=day"} {
			require.Contains(t, log, want)
		}
		require.NotContains(t, log, "fixed in 1.4", "the words may hold personal data")
	})

	for _, action := range []string{"redrive", "discard"} {
		path := "/v1/dead-letters/e1/" + action
		t.Run("PassesOnTheRefusalOf/"+action, func(t *testing.T) {
			t.Parallel()
			b := twoOperators(t)
			b.desk.err = fault.Errorf(fault.Business, fault.NotFound, "order has no dead letter: id e1")
			p := b.ask(t, http.MethodPost, path, `{"group": "order", "reason": "r"}`, asNight).refused(t, http.StatusNotFound, fault.NotFound)
			require.Equal(t, "order has no dead letter: id e1", *p.Detail)
			b.desk.err = fault.Errorf(fault.Transient, fault.Unavailable, "the database cannot be reached")
			b.ask(t, http.MethodPost, path, `{"group": "order", "reason": "r"}`, asNight).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
			b.ask(t, http.MethodGet, "/v1/dead-letters", "", asNight).refused(t, http.StatusServiceUnavailable, fault.Unavailable)
		})
		t.Run("RefusesABadBodyOf/"+action, func(t *testing.T) {
			t.Parallel()
			b := twoOperators(t)
			for body, want := range map[string]string{
				`{}`:                                   "/group REQUIRED /reason REQUIRED",
				`{"group": "", "reason": ""}`:          "/group TOO_SHORT /reason TOO_SHORT",
				`{"group": "order"}`:                   "/reason REQUIRED",
				`{"group": "order", "reason": "  "}`:   "/reason TOO_SHORT",
				`{"group": "order", "reason": "a\nb"}`: "/reason NOT_ALLOWED",
				`{"group": "order", "reason": "` + strings.Repeat("r", 501) + `"}`: "/reason TOO_LONG",
				`{"group": "order", "reason": "of card 4111 1111 1111 1111"}`:      "/reason CARD_NUMBER",
			} {
				p := b.ask(t, http.MethodPost, path, body, asNight).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
				var fields []string
				for _, e := range *p.Errors {
					fields = append(fields, e.Pointer+" "+e.Code)
				}
				require.Equal(t, want, strings.Join(fields, " "), body)
			}
			b.ask(t, http.MethodPost, path, `{"group": "order", "reason": "r", "operator": "day"}`, asNight).refused(t, http.StatusBadRequest, problem.MalformedBody)
			b.ask(t, http.MethodPost, path, `{`, asNight).refused(t, http.StatusBadRequest, problem.MalformedBody)
			b.ask(t, http.MethodPost, path, "", asNight).refused(t, http.StatusUnsupportedMediaType, problem.MediaTypeUnsupported)
			b.ask(t, http.MethodPost, path, `{"group": "catalog", "reason": "r"}`, asNight).refused(t, http.StatusNotFound, fault.NotFound)
			for _, id := range []string{"%00", "%ff", "a%2Fb%00"} { // no database has such a text
				at := strings.Replace(path, "e1", id, 1)
				b.ask(t, http.MethodPost, at, `{"group": "order", "reason": "r"}`, asNight).refused(t, http.StatusBadRequest, problem.BadRequest)
			}
			require.Empty(t, b.desk.made, "nothing was decided")
		})
	}
	t.Run("AndAboutAllOfAService", func(t *testing.T) {
		t.Parallel()
		b := twoOperators(t)
		answer := b.ask(t, http.MethodPost, "/v1/redrives", `{"group": "order", "key": "ord_1", "reason": "fixed in 1.4", "rate": 7}`, asNight)
		require.Equal(t, http.StatusAccepted, answer.StatusCode, answer.text)
		require.Equal(t, []letters.Decision{{Group: "order", Key: "ord_1", Reason: "fixed in 1.4", Operator: "night", Rate: 7}}, b.desk.made)
		answer = b.ask(t, http.MethodGet, "/v1/redrives/rdr_2?group=order", "", asNight)
		require.Equal(t, http.StatusOK, answer.StatusCode, answer.text)
		require.Contains(t, answer.text, `"failed_event":"e2"`)
		b.ask(t, http.MethodGet, "/v1/redrives/rdr_3?group=order", "", asNight).refused(t, http.StatusNotFound, fault.NotFound)
		for _, id := range []string{"%00", "%ff", "a%2Fb%00"} { // no database has such a text
			b.ask(t, http.MethodGet, "/v1/redrives/"+id+"?group=order", "", asNight).refused(t, http.StatusBadRequest, problem.BadRequest)
		}
		b.ask(t, http.MethodGet, "/v1/redrives/rdr_2?group=catalog", "", asNight).refused(t, http.StatusNotFound, fault.NotFound)
		for query, want := range map[string]fault.Code{"": problem.FieldRequired, "?group=": problem.FieldTooShort, "?group=order&group=order": problem.FieldNotAllowed} {
			p := b.ask(t, http.MethodGet, "/v1/redrives/rdr_2"+query, "", asNight).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
			require.Len(t, *p.Errors, 1, query)
			require.Equal(t, "/group "+string(want), (*p.Errors)[0].Pointer+" "+(*p.Errors)[0].Code)
		}
		b.ask(t, http.MethodPost, "/v1/redrives", `{"group": "catalog", "reason": "r"}`, asNight).refused(t, http.StatusNotFound, fault.NotFound)
		b.ask(t, http.MethodPost, "/v1/redrives", `{"group": "order"}`, asNight).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
		require.Len(t, b.desk.made, 1)
	})
	t.Run("OfEveryKeyThatTheListTakes", func(t *testing.T) {
		t.Parallel()
		b := twoOperators(t)
		const key = "019a3f6c-6c42-7012-8345-678902abcdef" // as a text it has the number of a card between the letters
		require.Equal(t, http.StatusOK, b.ask(t, http.MethodGet, "/v1/dead-letters?key="+key, "", asNight).StatusCode)
		for _, k := range []string{key, "4006381333924"} { // and some numbers of products pass the check sum
			answer := b.ask(t, http.MethodPost, "/v1/redrives", `{"group": "order", "key": "`+k+`", "reason": "r"}`, asNight)
			require.Equal(t, http.StatusAccepted, answer.StatusCode, answer.text)
		}
	})
	t.Run("AndNoneByTheNumberOfACard", func(t *testing.T) {
		t.Parallel()
		b := twoOperators(t)
		b.desk.err = fault.Errorf(fault.Business, fault.NotFound, "there is no such letter") // a refusal is logged, too
		for _, card := range []string{"4111111111111111", "4111 1111 1111 1111", " 4111-1111-1111-1111", "4111\u200b1111\u200b1111\u200b1111"} {
			p := b.ask(t, http.MethodPost, "/v1/redrives", `{"group": "order", "key": "`+card+`", "reason": "r"}`, asNight).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
			require.Len(t, *p.Errors, 1)
			require.Equal(t, "/key "+string(problem.FieldCardNumber), (*p.Errors)[0].Pointer+" "+(*p.Errors)[0].Code, card)
			for _, action := range []string{"redrive", "discard"} {
				at := "/v1/dead-letters/" + url.PathEscape(card) + "/" + action
				b.ask(t, http.MethodPost, at, `{"group": "order", "reason": "r"}`, asNight).refused(t, http.StatusBadRequest, problem.BadRequest)
			}
		}
		require.Empty(t, b.desk.made)
		require.NotContains(t, b.logs.String(), "1111")
	})
	t.Run("TakesARateForARedriveOnly", func(t *testing.T) {
		t.Parallel()
		b := twoOperators(t)
		body := `{"group": "order", "reason": "r", "rate": %s}`
		for _, rate := range []string{"0", "1001"} {
			b.ask(t, http.MethodPost, "/v1/dead-letters/e1/redrive", fmt.Sprintf(body, rate), asNight).refused(t, http.StatusUnprocessableEntity, problem.ValidationFailed)
		}
		b.ask(t, http.MethodPost, "/v1/dead-letters/e1/discard", fmt.Sprintf(body, "1"), asNight).refused(t, http.StatusBadRequest, problem.MalformedBody)
	})
}

func TestDeadLettersNeedAnOperator(t *testing.T) {
	t.Parallel()
	body := `{"group": "order", "reason": "r"}`
	requests := []struct{ method, path, body string }{
		{http.MethodGet, "/v1/dead-letters", ""},
		{http.MethodGet, "/v1/dead-letters?limit=abc", ""},
		{http.MethodPost, "/v1/dead-letters/e1/redrive", body},
		{http.MethodPost, "/v1/dead-letters/e1/discard", body},
		{http.MethodPost, "/v1/dead-letters/e1/discard", "{"},
		{http.MethodPost, "/v1/redrives", body},
		{http.MethodGet, "/v1/redrives/rdr_2?group=order", ""},
	}
	b, none := twoOperators(t), setupLetters(t)
	for _, r := range requests {
		for name, header := range map[string][]string{
			"NoToken":     {},
			"OtherScheme": {"Authorization: Basic " + nightSecret},
			"EmptyToken":  {"Authorization: Bearer "},
			"OtherToken":  {"Authorization: Bearer " + nightSecret + "x"},
			"TwoTokens":   {asNight, "Authorization: Bearer " + daySecret},
		} {
			answer := b.ask(t, r.method, r.path, r.body, header...)
			answer.refused(t, http.StatusUnauthorized, problem.Unauthorized)
			require.Equal(t, `Bearer realm="amends"`, answer.Header.Get("WWW-Authenticate"), name)
		}
		none.ask(t, r.method, r.path, r.body, asNight).refused(t, http.StatusForbidden, problem.NoOperators)
	}
	require.Empty(t, b.desk.made)
	require.Contains(t, b.logs.String(), "code=UNAUTHORIZED")

	t.Run("AProcessWithoutServicesHasNoSuchRoute", func(t *testing.T) {
		t.Parallel()
		w := httptest.NewRecorder()
		NewAdmin(Admin{Logger: slog.New(slog.DiscardHandler)}).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/dead-letters", nil))
		require.Equal(t, http.StatusNotFound, w.Code)
	})
	t.Run("AProcessWithoutAnAPIServesTheContracts", func(t *testing.T) {
		t.Parallel()
		require.Equal(t, string(contract.AdminYAML), b.ask(t, http.MethodGet, "/admin.yaml", "").text)
	})
}
