package ask

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/amends/amends/api/client"
)

// visitor returns the sender of a request with cookies, and the answer to it.
func visitor(t *testing.T, api http.HandlerFunc, cookies ...*http.Cookie) (*Visitor, *httptest.ResponseRecorder) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/cart", http.NoBody)
	for _, c := range cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	return New(api, w, r, "", slog.New(slog.DiscardHandler)), w
}

// atOnce asks for n products at the same time.
func atOnce(t *testing.T, v *Visitor, n int) {
	t.Helper()
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			if _, _, err := Read[client.Product](v.API().GetProduct(t.Context(), "MUG")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

func TestAGuestGetsOneSideOfQuestionsAtTheSameTime(t *testing.T) {
	t.Parallel()
	const questions = 64
	var drawn atomic.Int64
	var together sync.WaitGroup
	together.Add(questions)
	v, w := visitor(t, func(w http.ResponseWriter, r *http.Request) {
		if _, err := r.Cookie(side); err != nil {
			together.Done()
			together.Wait() // each has drawn an id before any has answered
			n := strconv.FormatInt(drawn.Add(1), 10)
			http.SetCookie(w, &http.Cookie{Name: side, Value: "guest-" + n})
			http.SetCookie(w, &http.Cookie{Name: "program-" + n, Value: "of the program behind the gateway"})
		}
		_, _ = w.Write([]byte("{}"))
	})
	atOnce(t, v, questions)
	require.EqualValues(t, questions, drawn.Load())
	sides := slices.DeleteFunc(w.Result().Cookies(), func(c *http.Cookie) bool { return c.Name != side })
	require.Len(t, sides, 1, "the browser gets one of them")
	require.Len(t, w.Result().Cookies(), 1+questions, "and all cookies of the program")
	atOnce(t, v, 1)
	require.EqualValues(t, questions, drawn.Load(), "and the next question has it")
}

func TestTheSideOfTheBrowserIsThatOfEachQuestion(t *testing.T) {
	t.Parallel()
	var seen []string
	v, w := visitor(t, func(w http.ResponseWriter, r *http.Request) {
		for _, c := range r.Cookies() {
			seen = append(seen, c.String())
		}
		_, _ = w.Write([]byte("{}"))
	}, &http.Cookie{Name: side, Value: "mine"}, &http.Cookie{Name: "amends-cart", Value: "the shop's own"})
	atOnce(t, v, 1)
	require.Equal(t, []string{"amends-route=mine"}, seen)
	require.Empty(t, w.Result().Cookies())
}

func TestTheEndOfASessionLeavesTheOtherCookies(t *testing.T) {
	t.Parallel()
	v, w := visitor(t, nil, &http.Cookie{Name: side, Value: "mine"}, &http.Cookie{Name: access, Value: "a"}, &http.Cookie{Name: csrf, Value: "c"})
	require.True(t, v.SignedIn())
	v.Forget()
	require.False(t, v.SignedIn())
	var removed []string
	for _, c := range w.Result().Cookies() {
		require.Negative(t, c.MaxAge)
		removed = append(removed, c.Name)
	}
	require.ElementsMatch(t, []string{access, csrf}, removed)
}
