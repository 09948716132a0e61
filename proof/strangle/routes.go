package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// routes is the file of the gateway at the beginning: everything goes to the monolith. Stock
// is compared when it is one: then both sides differ by the orders of a moment alone.
const routes = `upstreams:
  monolith: [http://%s]
routes:
  - name: products
    match: ["GET /v1/products", "GET /v1/products/{sku}"]
    mode: legacy
    upstream: monolith
    timeout: 15s
    compare: {ignore: [as_of, facets, next_cursor], unordered: [/products], tolerance: {available: "50"}}
    gate: {compared: 20, differing: 0.05, slow: 15s}
  - name: stock
    match: ["GET /v1/stock/{sku}"]
    mode: legacy
    upstream: monolith
    timeout: 15s
    compare: {ignore: [as_of], tolerance: {available: "50"}}
    gate: {compared: 20, differing: 0.05, slow: 15s}
  - name: accounts
    match: ["/v1/users", "/v1/users/{rest...}", "/v1/me", "/v1/me/{rest...}"]
    mode: legacy
    upstream: monolith
    timeout: 15s
    gate: {compared: 0, slow: 15s}
  - name: sessions
    match: ["/v1/sessions", "/v1/sessions/{rest...}"]
    mode: legacy
    upstream: monolith
    timeout: 15s
    gate: {compared: 0, slow: 15s}
  - name: orders
    match: ["/v1/orders", "/v1/orders/{rest...}"]
    mode: legacy
    upstream: monolith
    timeout: 15s
    gate: {compared: 0, slow: 30s}
`

func (s *stand) writeRoutes() error {
	return os.WriteFile(s.file("routes.yaml"), fmt.Appendf(nil, routes, s.legacy), 0o600)
}

// score are the counts of a route.
type score struct {
	Match  int `json:"match"`
	Differ int `json:"differ"`
	Error  int `json:"error"`
}

func (s *stand) score(ctx context.Context, name string) (found score, err error) {
	var answer struct {
		Score score `json:"score"`
	}
	err = s.ask(ctx, http.MethodGet, "/v1/routes/"+name, nil, &answer)
	return answer.Score, err
}

// ask calls the admin address.
func (s *stand) ask(ctx context.Context, method, path string, in, out any) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+s.admin+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+operatorToken)
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r) //nolint:forbidigo // the context bounds it
	if err != nil {
		return err
	}
	defer res.Body.Close()
	content, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("%s %s is answered %s: %s", method, path, res.Status, content)
	case out == nil:
		return nil
	}
	return json.Unmarshal(content, out)
}
