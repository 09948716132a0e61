package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/contract"
	"github.com/amends/amends/api/shop"
	"github.com/amends/amends/fault"
	"github.com/amends/amends/internal/quota"
	"github.com/amends/amends/services/catalog"
	"github.com/amends/amends/workflows"
)

// expectation is one file of a consumer: what it asks in a situation, and what it relies on
// in the answer. Fields of the answer that it does not name may be anything.
type expectation struct {
	Given   string `json:"given"`
	Request struct {
		Method string            `json:"method"`
		Path   string            `json:"path"`
		Header map[string]string `json:"header"`
		Body   json.RawMessage   `json:"body"`
		// Admin reports that the request is for the admin address. {case} in a path is the
		// case of the situation.
		Admin bool `json:"admin"`
	} `json:"request"`
	Answer struct {
		Status int               `json:"status"`
		Header map[string]string `json:"header"`
		Body   any               `json:"body"`
	} `json:"answer"`
}

// situation is a server, with its admin address and a case if it has them.
type situation struct {
	*testBundle

	admin  *httptest.Server
	caseID string
}

// ask sends the request of an expectation.
func (s situation) ask(t *testing.T, e expectation) response {
	t.Helper()
	var header []string
	for name, value := range e.Request.Header {
		header = append(header, name+": "+value)
	}
	path, body := strings.ReplaceAll(e.Request.Path, "{case}", s.caseID), string(e.Request.Body)
	if e.Request.Admin {
		return askAdmin(t, s.admin, e.Request.Method, path, body, header...)
	}
	return s.do(t, e.Request.Method, path, body, header...)
}

// situations make a server be as an expectation needs it.
var situations = map[string]func(t *testing.T) situation{
	"orders are placed": func(t *testing.T) situation {
		t.Helper()
		b := setup(t)
		b.temporal.place, b.temporal.list = firstWins(t), registered
		return situation{testBundle: b}
	},
	"the order was placed before": func(t *testing.T) situation {
		t.Helper()
		b := setup(t)
		b.temporal.place, b.temporal.query = firstWins(t), knows(workflows.StatusConfirmed)
		placed, err := os.ReadFile("contract/consumers/load/place-again.json")
		require.NoError(t, err)
		var e expectation
		require.NoError(t, json.Unmarshal(placed, &e))
		require.Equal(t, http.StatusAccepted, b.post(t, string(e.Request.Body)).StatusCode)
		return situation{testBundle: b}
	},
	"more orders come than are decided": func(t *testing.T) situation {
		t.Helper()
		b := setup(t, func(c *Config) {
			c.Orders.Admission.Least, c.Orders.Admission.Most, c.Orders.Admission.Wait = 1, 1, time.Millisecond
		})
		entered := make(chan struct{})
		b.temporal.place = func(ctx context.Context, _ started) (workflows.PlaceResult, error) {
			close(entered)
			<-ctx.Done()
			return workflows.PlaceResult{}, ctx.Err()
		}
		go func() {
			r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.http.URL+"/v1/orders", bytes.NewReader([]byte(goodBody)))
			if err == nil {
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Idempotency-Key", keyOne)
				if answer, err := b.http.Client().Do(r); err == nil {
					_ = answer.Body.Close()
				}
			}
		}()
		<-entered
		return situation{testBundle: b}
	},
	"an order is confirmed": func(t *testing.T) situation {
		t.Helper()
		b := shopOf(t, WithServices(shop.Services{Catalog: named(fakePart{}), Payment: fakePart{}, Shipping: fakePart{}, Notification: fakePart{}, Order: fakeOrders{view: sold, address: berlin}}))
		b.temporal.query = knows(workflows.StatusConfirmed)
		return situation{testBundle: b}
	},
	"two orders of an account are confirmed": func(t *testing.T) situation {
		t.Helper()
		m := newModel()
		m.tell(ordersOf("cus_42", 2)...)
		return situation{testBundle: modelled(t, m)}
	},
	"mugs are sold": func(t *testing.T) situation {
		t.Helper()
		return situation{testBundle: shopOf(t, WithServices(shop.Services{Inventory: fakeInventory{stock: stocked}, Catalog: mugs}))}
	},
	"the quota is used up": func(t *testing.T) situation {
		t.Helper()
		b := setup(t, func(c *Config) {
			c.Limits.Classes = map[string][]quota.Quota{string(browsing): {{Name: "hourly", Count: 1, Per: time.Hour}}}
			c.Limits.Callers = 10
		})
		b.do(t, http.MethodGet, "/v1/products/MUG", "").refused(t, http.StatusServiceUnavailable, fault.Unavailable) // the catalog is not there
		return situation{testBundle: b}
	},
	"a guest may ask support": func(t *testing.T) situation {
		t.Helper()
		b := casesOf(t)
		return situation{testBundle: b.testBundle, admin: b.admin}
	},
	"support has answered a guest": answeredCase,
	"a guest has closed a case": func(t *testing.T) situation {
		t.Helper()
		s := answeredCase(t)
		s.guest(t, "/"+s.caseID+"/close", "2", "")
		return s
	},
}

// guest asks support as the guest whose order is someOrder.
func (s situation) guest(t *testing.T, path, key, body string) response {
	t.Helper()
	return s.do(t, http.MethodPost, "/v1/orders/"+someOrder+"/cases"+path, body, asJSONBody, "Idempotency-Key: "+key)
}

// answeredCase has a case of a guest that support has answered.
func answeredCase(t *testing.T) situation {
	t.Helper()
	b := casesOf(t)
	s := situation{testBundle: b.testBundle, admin: b.admin}
	s.caseID = readAs[contract.Case](t, http.StatusCreated, s.guest(t, "", "1", openMug)).Id
	readAs[contract.SupportCase](t, http.StatusOK, b.support(t, http.MethodPost, "/v1/cases/"+s.caseID+"/answers", "1", `{"text": "Another one is on its way."}`))
	return s
}

var mugs = fakeCatalog(func(_ context.Context, sku string) (catalog.Product, error) {
	return catalog.Product{SKU: sku, Name: "Mug", Category: "mugs", Description: "Holds 300 ml.", Price: eur(1850), Active: true}, nil
})

// TestConsumersGetWhatTheyRelyOn replays the expectations of the API's consumers. Who
// breaks one breaks that program, even if the contract allows the change.
func TestConsumersGetWhatTheyRelyOn(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("contract/consumers/*/*.json")
	require.NoError(t, err)
	used := map[string]bool{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		var e expectation
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.DisallowUnknownFields()
		require.NoError(t, decoder.Decode(&e), file)
		require.Contains(t, situations, e.Given, file)
		used[e.Given] = true
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			answer := situations[e.Given](t).ask(t, e)
			require.Equal(t, e.Answer.Status, answer.StatusCode, answer.text)
			for name, want := range e.Answer.Header {
				require.Empty(t, differs("", want, answer.Header.Get(name)), name)
			}
			if e.Answer.Body == nil {
				return
			}
			var got any
			require.NoError(t, json.Unmarshal([]byte(answer.text), &got), answer.text)
			require.Empty(t, differs("", e.Answer.Body, got), answer.text)
		})
	}
	require.Len(t, used, len(situations), "a situation of no expectation")
}

// differs returns where got is not as a consumer wants it: equal, or of a kind such as
// <text>, in all fields that want has. A list of one entry wants each entry to be like
// that, and one at least; an empty list wants an empty one.
func differs(at string, want, got any) (all []string) {
	switch want := want.(type) {
	case map[string]any:
		object, ok := got.(map[string]any)
		if !ok {
			return []string{at + ": is no object"}
		}
		for name, value := range want {
			if _, ok := object[name]; !ok {
				all = append(all, at+"/"+name+": is missing")
				continue
			}
			all = append(all, differs(at+"/"+name, value, object[name])...)
		}
	case []any:
		list, ok := got.([]any)
		if !ok || (len(list) == 0) != (len(want) == 0) {
			return []string{fmt.Sprintf("%s: is no list like the one that is wanted: %v", at, got)}
		}
		for i := range list {
			all = append(all, differs(at+"/"+strconv.Itoa(i), want[min(i, len(want)-1)], list[i])...)
		}
	default:
		if !alike(want, got) {
			all = append(all, fmt.Sprintf("%s: is %v, and not %v", at, got, want))
		}
	}
	slices.Sort(all)
	return all
}

// alike reports whether got is the value, or of the kind, that is wanted.
func alike(want, got any) bool {
	text, isText := got.(string)
	switch want {
	case "<text>":
		return isText && text != ""
	case "<number>":
		_, ok := got.(float64)
		return ok
	case "<boolean>":
		_, ok := got.(bool)
		return ok
	case "<seconds>":
		n, err := strconv.Atoi(text)
		return err == nil && n > 0
	case "<time>":
		at, err := time.Parse(time.RFC3339, text)
		return err == nil && !at.IsZero()
	default:
		return want == got
	}
}

func TestAnAnswerThatAConsumerCannotUseIsFound(t *testing.T) {
	t.Parallel()
	var want any
	require.NoError(t, json.Unmarshal([]byte(`{"a": "<text>", "b": [{"c": "<number>"}], "d": [], "e": {"f": true}, "g": "<time>"}`), &want))
	for text, problems := range map[string][]string{
		`{"a": "x", "b": [{"c": 1}, {"c": 2, "more": 3}], "d": [], "e": {"f": true}, "g": "2026-01-02T03:04:05Z", "more": 1}`: nil,
		`{"a": "", "b": [{"c": "1"}], "d": [1], "e": {"f": false}, "g": "now"}`: {
			"/a: is , and not <text>", "/b/0/c: is 1, and not <number>", "/d: is no list like the one that is wanted: [1]",
			"/e/f: is false, and not true", "/g: is now, and not <time>",
		},
		`{"a": "x", "b": [{"c": 1}], "d": [], "e": {"f": true}, "g": "0001-01-01T00:00:00Z"}`: {"/g: is 0001-01-01T00:00:00Z, and not <time>"},
		`{"a": 1, "b": [], "e": []}`: {
			"/a: is 1, and not <text>", "/b: is no list like the one that is wanted: []", "/d: is missing", "/e: is no object", "/g: is missing",
		},
	} {
		var got any
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, problems, differs("", want, got))
	}
}
