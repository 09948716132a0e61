package load

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// spy counts requests by their tokens and the customers that they name.
type spy struct {
	mu     sync.Mutex
	tokens map[string]int
	named  int
}

func (s *spy) RoundTrip(r *http.Request) (*http.Response, error) {
	var content []byte
	if r.Body != nil {
		var err error
		if content, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(content))
	}
	s.mu.Lock()
	s.tokens[r.Header.Get("Authorization")]++
	if strings.Contains(string(content), "customer_id") {
		s.named++
	}
	s.mu.Unlock()
	return http.DefaultTransport.RoundTrip(r)
}

func TestAnAccountPlacesItsOwnOrders(t *testing.T) {
	t.Parallel()
	for key, token := range map[string]string{"": "", "amk_1_x": "Bearer amk_1_x"} {
		s := &spy{tokens: map[string]int{}}
		report, err := Run(t.Context(), Options{
			BaseURL: newPlatform(t).url, Client: &http.Client{Transport: s}, APIKey: key, Orders: 3, Concurrency: 1,
		})
		require.NoError(t, err)
		require.NoError(t, report.Err())
		require.Len(t, s.tokens, 1, "%v", s.tokens)
		require.NotZero(t, s.tokens[token])
		require.Equal(t, key == "", s.named > 0, "an account names no customer, a guest must")
	}
}
