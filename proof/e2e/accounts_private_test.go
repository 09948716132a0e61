package e2e_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// datum is a string that occurs nowhere else, and the places that must have it: no other may.
type datum struct {
	name, value string
	places      []string // which have it; none: it is nowhere
	mailed      bool     // it may be in a mail too, whole or folded
}

// The places of an `amends dev` are the files of its folder, by name, and its output. These
// may have data of customers; all others, such as the databases of the other services,
// may have none.
const (
	inUsers     = "user.db"
	inMessages  = "notification.db"
	inMails     = "mailbox"
	inOrders    = "order.db"
	inModel     = "query.db"
	inCases     = "support.db"
	inHistories = "temporal.db"
	inBroker    = "broker"
	inDemo      = "demo.json"
	inSecrets   = "secrets"
	inCallers   = "callers"
	inBanner    = "banner" // for the owner of the machine: a command with the demo's key
	inLog       = "log"
	inMetrics   = "metrics"
	inSpans     = "spans"
)

// visitor is a client of accounts. It keeps what must be nowhere else.
type visitor struct {
	url, mark string
	token     string // of its requests
	data      []datum
}

// keeps adds a string to those that are looked for.
func (v *visitor) keeps(name, value string, places ...string) string {
	v.data = append(v.data, datum{name: name, value: value, places: places})
	return value
}

// canary returns a new string that is kept.
func (v *visitor) canary(name string, places ...string) string {
	return v.keeps(name, strings.ReplaceAll(name, " ", ".")+"."+v.mark, places...)
}

// asks sends a request, again while it is told to come back, and requires the status of its
// answer, whose body and header it returns.
func (v *visitor) asks(t *testing.T, want int, method, path string, body map[string]any, header ...string) (answer map[string]any, answered http.Header) {
	t.Helper()
	eventually(t, method+" "+path+" is answered", func() bool {
		var status int
		status, answer, answered = v.sends(t, method, path, body, header...)
		if status == http.StatusServiceUnavailable {
			return false
		}
		require.Equal(t, want, status, "%s %s: %v", method, path, answer)
		return true
	})
	return answer, answered
}

func (v *visitor) sends(t *testing.T, method, path string, body map[string]any, header ...string) (status int, answer map[string]any, answered http.Header) {
	t.Helper()
	var content []byte
	if body != nil {
		header = append(header, "Content-Type", "application/json")
		var err error
		content, err = json.Marshal(body)
		require.NoError(t, err)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, v.url+path, bytes.NewReader(content))
	require.NoError(t, err)
	if v.token != "" {
		r.Header.Set("Authorization", "Bearer "+v.token)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := browser.Do(r)
	require.NoError(t, err)
	defer func() { _ = res.Body.Close() }() // it has been read
	content, err = io.ReadAll(res.Body)
	require.NoError(t, err)
	if len(content) > 0 {
		require.NoError(t, json.Unmarshal(content, &answer))
	}
	return res.StatusCode, answer, res.Header
}

// keepsTokens keeps the tokens of an answer: each whole, and the part that proves it.
func (v *visitor) keepsTokens(t *testing.T, answer map[string]any) (access, refresh string) {
	t.Helper()
	access, _ = answer["access_token"].(string)
	refresh, _ = answer["refresh_token"].(string)
	for name, token := range map[string]string{"access token": access, "refresh token": refresh} {
		require.NotEmpty(t, token, name)
		v.keeps(name, token)
		v.keeps("proof of the "+name, proofIn(token))
	}
	return access, refresh
}

// Names, addresses, passwords, tokens and keys of accounts, and the claims of guests, are in
// no place but those that this test names: neither in another database, an event, a history,
// a log at any level, a metric or a span, nor in clear where a hash of them is kept.
func TestDataOfAccountsStaysInItsPlaces(t *testing.T) {
	t.Parallel()

	spans, collected := newCollector(t)
	dir := t.TempDir()
	d := startDev(t, dir, "OTEL_EXPORTER_OTLP_ENDPOINT="+collected, "OTEL_BSP_SCHEDULE_DELAY=100", "AMENDS_LOG_LEVEL=debug")
	v := &visitor{url: d.url, mark: strings.ReplaceAll(uuid.NewString(), "-", "")}
	account := v.lives(t, dir)
	order := v.ordersAsGuest(t, dir)
	v.keepsFiles(t, dir)
	_, metrics := fetch(t, d.admin+"/metrics")
	eventually(t, "the fact of the new address has left", func() bool { return bytes.Contains(contents(t, dir)[inBroker], []byte(account)) })
	eventually(t, "the fact of the case has left", func() bool {
		return bytes.Contains(contents(t, dir)[inBroker], []byte("amends.support.case_opened.v1"))
	})
	eventually(t, "spans are exported", func() bool { return strings.Contains(spans.received(), "/v1/password-resets") })
	d.drain(t, syscall.SIGINT)

	found := contents(t, dir)
	found[inBanner], found[inLog] = []byte(d.out.String()), []byte(d.err.String())
	found[inMetrics], found[inSpans] = []byte(metrics), []byte(spans.received())
	for place, witness := range map[string]string{
		inLog: "operation=ResetPassword", inMetrics: `operation="ResetPassword"`, inSpans: "amends.user.v1.User/LogIn",
		inUsers: account, inOrders: order, inCases: order, inHistories: order, inBroker: account,
	} {
		require.Contains(t, string(found[place]), witness, "%s is looked at", place)
	}
	require.Contains(t, string(found[inLog]), "level=DEBUG")
	require.Empty(t, leaks(found, v.data))
	for place, content := range found { // none is forgotten
		planted := append(slices.Clone(content), url.QueryEscape(v.mark+"@planted.example")...)
		require.Equal(t, []string{place + " has planted"}, leaks(map[string][]byte{place: planted}, []datum{{name: "planted", value: v.mark + "@planted.example"}}))
	}
}

// lives goes through all that an account does over HTTP, and returns its id.
func (v *visitor) lives(t *testing.T, dir string) (account string) {
	t.Helper()
	mail := v.canary("mail", inUsers, inMessages, inMails) + "@example.com"
	password := v.canary("password")
	stranger := map[string]any{"email": v.canary("stranger") + "@example.com", "password": v.canary("wrong password"), "device": v.canary("device of a stranger")}
	register := map[string]any{"email": mail, "name": v.canary("name", inUsers, inMails)}
	v.asks(t, http.StatusAccepted, http.MethodPost, "/v1/users", register)
	v.asks(t, http.StatusBadRequest, http.MethodPost, "/v1/users", map[string]any{"email": v.canary("no mail"), "password": v.canary("unused password"), "name": v.canary("unused name"), "x" + v.canary("field"): 1})
	v.asks(t, http.StatusForbidden, http.MethodPost, "/v1/sessions", stranger)
	confirmed, _ := v.asks(t, http.StatusOK, http.MethodPost, "/v1/users/verification", map[string]any{"token": v.mailed(t, dir), "password": password})
	account, _ = confirmed["account"].(string)
	v.asks(t, http.StatusAccepted, http.MethodPost, "/v1/users", register) // the owner is told

	agent := []string{"User-Agent", "Mozilla/5.0 " + v.canary("agent"), "Amends-" + v.canary("header"), "1"}
	session, _ := v.asks(t, http.StatusCreated, http.MethodPost, "/v1/sessions", map[string]any{"email": mail, "password": password, "device": v.canary("device", inUsers)}, agent...)
	v.isTold(t, dir, mail, "Hello "+"name."+v.mark)
	_, refresh := v.keepsTokens(t, session)
	refreshed, _ := v.asks(t, http.StatusOK, http.MethodPost, "/v1/sessions/refresh", map[string]any{"refresh_token": refresh}, agent...)
	v.token, _ = v.keepsTokens(t, refreshed)
	_, cookies := v.asks(t, http.StatusCreated, http.MethodPost, "/v1/sessions", map[string]any{"email": mail, "password": password, "cookies": true})
	for _, cookie := range (&http.Response{Header: cookies}).Cookies() {
		v.keeps(cookie.Name, cookie.Value)
	}

	v.asks(t, http.StatusOK, http.MethodGet, "/v1/me?"+url.Values{"who": {v.canary("query")}}.Encode(), nil, agent...)
	v.asks(t, http.StatusNotFound, http.MethodGet, "/v1/"+v.canary("path"), nil)
	v.asks(t, http.StatusOK, http.MethodPatch, "/v1/me", map[string]any{"name": v.canary("other name", inUsers, inMails)})
	v.asks(t, http.StatusCreated, http.MethodPost, "/v1/me/addresses", v.address(inUsers))
	changed := v.canary("other mail", inUsers, inMessages, inMails) + "@example.com"
	v.asks(t, http.StatusOK, http.MethodPatch, "/v1/me", map[string]any{"email": changed, "password": password})
	v.asks(t, http.StatusOK, http.MethodPost, "/v1/users/verification", map[string]any{"token": v.mailed(t, dir)})
	second := v.canary("second password")
	v.asks(t, http.StatusNoContent, http.MethodPut, "/v1/me/password", map[string]any{"old_password": password, "new_password": second})

	key := strings.TrimSpace(run(t, home(dir), "user", "key", "create", changed, "--name", v.canary("name of a key", inUsers), "--scope", "account", "--data-dir", dir))
	v.keeps("API key", key)
	v.keeps("secret of an API key", proofIn(key))
	own := v.token
	v.token = key
	v.asks(t, http.StatusOK, http.MethodGet, "/v1/me/addresses", nil)
	v.token = own[:len(own)-2] + v.canary("forged")
	v.asks(t, http.StatusUnauthorized, http.MethodGet, "/v1/me", nil)
	v.token = own

	v.asks(t, http.StatusAccepted, http.MethodPost, "/v1/password-resets", map[string]any{"email": changed})
	third := map[string]any{"password": v.canary("third password")}
	v.asks(t, http.StatusGone, http.MethodPut, "/v1/password-resets/"+v.canary("token"), third)
	v.asks(t, http.StatusNoContent, http.MethodPut, "/v1/password-resets/"+v.mailed(t, dir), third)
	v.isTold(t, dir, changed, "Hello other.name."+v.mark)
	v.token = ""
	return account
}

// proofIn returns the last part of a token or a key, 32 random bytes or a signature.
func proofIn(token string) string { return token[len(token)-43:] }

// mailed returns the token of the newest mail, which operators see.
func (v *visitor) mailed(t *testing.T, dir string) string {
	t.Helper()
	var mails []struct{ Token, Template string }
	require.NoError(t, json.Unmarshal([]byte(run(t, home(dir), "user", "outbox", "--json", "--data-dir", dir)), &mails))
	for _, mail := range mails {
		if mail.Token != "" && !slices.ContainsFunc(v.data, func(d datum) bool { return d.value == mail.Token }) {
			v.data = append(v.data,
				datum{name: "proof of a mail", value: proofIn(mail.Token), mailed: true}, datum{name: "token of a mail", value: mail.Token, mailed: true})
			return mail.Token
		}
	}
	require.Fail(t, "no new mail", "%v", mails)
	return ""
}

// isTold waits for a mail to an address with some words.
func (v *visitor) isTold(t *testing.T, dir, address, words string) {
	t.Helper()
	eventually(t, "a mail arrives", func() bool {
		mails := contents(t, dir)[inMails]
		return bytes.Contains(mails, []byte("<"+address+">")) && bytes.Contains(mails, []byte(words))
	})
}

// address returns one whose lines are kept.
func (v *visitor) address(places ...string) map[string]any {
	return map[string]any{
		"name": v.canary("consignee of "+places[0], places...), "line1": v.canary("street of "+places[0], places...),
		"line2": v.canary("floor of "+places[0], places...), "city": v.canary("city of "+places[0], places...), "postal_code": "10115", "country": "DE",
	}
}

// ordersAsGuest places an order without an account, waits until the guest is told of it, and
// returns its id.
func (v *visitor) ordersAsGuest(t *testing.T, dir string) (id string) {
	t.Helper()
	mail := v.canary("mail of a guest", inOrders, inMessages, inMails) + "@example.com"
	phone := v.keeps("phone of a guest", fmt.Sprintf("+4930%010d", rand.Int64N(1e10)), inOrders)
	body, key := lines("MUG-STONEWARE", 1), v.canary("key of a guest")
	maps.Copy(body, map[string]any{"customer_id": v.canary("customer", inOrders, inModel, inHistories, inBroker), "currency": "EUR", "payment_token": v.canary("tok", inHistories), "contact": map[string]any{"email": mail, "phone": phone, "locale": "de"}, "ship_to": v.address(inOrders, inHistories)})
	answer, header := v.asks(t, http.StatusAccepted, http.MethodPost, "/v1/orders", body, "Idempotency-Key", key)
	id, _ = answer["id"].(string)
	claim := v.keeps("claim", header.Get("Amends-Claim"))
	require.NotEmpty(t, claim)
	v.asks(t, http.StatusOK, http.MethodGet, "/v1/orders/"+id, nil, "Amends-Claim", claim)
	v.asks(t, http.StatusNotFound, http.MethodGet, "/v1/orders/"+id, nil, "Amends-Claim", v.canary("foreign claim"))
	v.isTold(t, dir, mail, "Guten Tag,")
	question := map[string]any{"subject": v.canary("subject of a case", inCases), "text": v.canary("text of a case", inCases)}
	v.asks(t, http.StatusCreated, http.MethodPost, "/v1/orders/"+id+"/cases", question, "Amends-Claim", claim, "Idempotency-Key", key)
	refused := map[string]any{"subject": "x", "text": v.canary("refused text") + " 4111 1111 1111 1111"}
	v.asks(t, http.StatusUnprocessableEntity, http.MethodPost, "/v1/orders/"+id+"/cases", refused, "Amends-Claim", claim, "Idempotency-Key", key)
	return id
}

// keepsFiles keeps the secrets of the files that exist for them.
func (v *visitor) keepsFiles(t *testing.T, dir string) {
	t.Helper()
	content := contents(t, dir)
	access := map[string]string{}
	require.NoError(t, json.Unmarshal(content[inDemo], &access))
	for name, places := range map[string][]string{"api_key": {inDemo, inBanner}, "operator_token": {inDemo}} {
		require.NotEmpty(t, access[name])
		v.keeps(name, proofIn(access[name]), places...)
	}
	for _, file := range []string{inSecrets, inCallers} {
		for line := range strings.Lines(string(content[file])) {
			name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
			require.True(t, ok, file)
			v.keeps("secret of "+name, value, file)
		}
	}
}

// contents returns the content of all files of a folder by the name of the file, or of the
// folder in which it is. The journal of a database is the database's.
func contents(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	require.NoError(t, fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(filepath.Join(dir, path))
		if errors.Is(err, fs.ErrNotExist) {
			return nil // renamed meanwhile, as a mail that is complete
		}
		name, _, _ := strings.Cut(path, "/")
		name = strings.TrimSuffix(strings.TrimSuffix(name, "-wal"), "-shm")
		all[name] = append(all[name], content...)
		return err
	}))
	return all
}

// leaks returns each place that has a datum, in any spelling, and may not, and each that must
// have one and has none.
func leaks(found map[string][]byte, data []datum) (all []string) {
	for place, content := range found {
		content = bytes.ToLower(content)
		for _, d := range data {
			has := slices.ContainsFunc(spellings(d.value), func(s string) bool { return bytes.Contains(content, []byte(strings.ToLower(s))) })
			switch may := slices.Contains(d.places, place); {
			case has && !may && (!d.mailed || place != inMails):
				all = append(all, place+" has "+d.name)
			case may && !has:
				all = append(all, place+" has no "+d.name)
			}
		}
	}
	slices.Sort(all)
	return all
}

// spellings returns the forms in which text may hide: as it is, escaped in a URL, and in
// base64, at each of its three offsets without the characters that its neighbours change.
func spellings(text string) []string {
	all := []string{text, url.QueryEscape(text), url.PathEscape(text)}
	for offset := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat(" ", offset) + text))
		all = append(all, encoded[(offset*8+5)/6:len(encoded)-2])
	}
	return all
}
