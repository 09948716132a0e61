package secret

import (
	"crypto/hmac"
	"encoding/base64"
	"strconv"
	"strings"
)

// Refresh is the part of a refresh token that the service reads:
// amr_<session>_<generation>.<secret>.<proof>.
//
// The proof, made with the service's secret, tells an old token of the family from a text
// that only looks like one: the first ends the family when it comes back, the second must
// not, or knowing a session's id would be enough to end it.
type Refresh struct {
	Session    string
	Generation int64
	secret     string
	// Genuine reports that the service has made the token, under the present secret.
	Genuine bool
}

// FirstRefresh returns the first token of a session.
func (d *Derived) FirstRefresh(session string) string {
	return d.token(Refresh{Session: session, Generation: 1, secret: text(random())})
}

// NextRefresh returns the successor of a token: always the same one. It takes both the
// service's secret and the token to derive it.
func (d *Derived) NextRefresh(r Refresh) string {
	r.Generation++
	r.secret = text(mac(d.refresh, r.Session, strconv.FormatInt(r.Generation, 10), r.secret))
	return d.token(r)
}

// ReadRefresh reads a token. It fails if it is none, and never because it is old.
func (d *Derived) ReadRefresh(token string) (Refresh, error) {
	session := named("amr_", token)
	rest := strings.TrimPrefix(token, "amr_"+session+"_")
	parts := strings.Split(rest, ".")
	if session == "" || len(parts) != 3 {
		return Refresh{}, errToken
	}
	n, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil || n < 1 || strconv.FormatInt(n, 10) != parts[0] {
		return Refresh{}, errToken
	}
	for _, p := range parts[1:] {
		if b, err := base64.RawURLEncoding.Strict().DecodeString(p); err != nil || len(b) != size {
			return Refresh{}, errToken
		}
	}
	r := Refresh{Session: session, Generation: n, secret: parts[1]}
	r.Genuine = hmac.Equal([]byte(parts[2]), []byte(d.proofOf(r)))
	return r, nil
}

func (d *Derived) token(r Refresh) string {
	return "amr_" + r.Session + "_" + strconv.FormatInt(r.Generation, 10) + "." + r.secret + "." + d.proofOf(r)
}

func (d *Derived) proofOf(r Refresh) string {
	return text(mac(d.proof, r.Session, strconv.FormatInt(r.Generation, 10), r.secret))
}
