package visit

import (
	"net/http"
	"strings"

	"github.com/amends/amends/web/console/ask"
	"github.com/amends/amends/web/console/signin"
	"github.com/amends/amends/web/look"
)

// before is the name that stands for a session in the token of the sign-in's form: there is
// no session yet. The check of the origin protects it, see [look.Guard].
const before = "sign-in"

// signInData fills in the page of the sign-in.
type signInData struct{ Next, Wrong string }

// ShowSignIn answers with the page of the sign-in.
func (s *Site) ShowSignIn(w http.ResponseWriter, r *http.Request) {
	s.writeSignIn(w, r, http.StatusOK, "")
}

func (s *Site) writeSignIn(w http.ResponseWriter, r *http.Request, status int, wrong string) {
	err := s.Pages.Write(w, status, "sign-in", look.Page{
		Lang: "en", Site: "amends console", Title: "Sign in", Token: s.Forms.Token(before),
		Data: signInData{Next: next(r.FormValue("next")), Wrong: wrong},
	})
	if err != nil {
		s.Config.Logger.ErrorContext(r.Context(), "the sign-in failed", "error", err)
	}
}

// next returns the path that a person wanted to see, that of the home page if it is none of
// the console.
func next(path string) string { return look.Local(path, Below, Below+"/") }

// SignIn opens a session. An older one of the same browser ends: its id is never used again.
func (s *Site) SignIn(w http.ResponseWriter, r *http.Request) {
	if !s.Forms.Valid(before, r.PostFormValue(look.TokenField)) {
		s.writeSignIn(w, r, http.StatusForbidden, stale)
		return
	}
	old := s.Sessions.Of(r, false)
	var one *signin.Session
	var err error
	if secret := strings.TrimSpace(r.PostFormValue("secret")); secret != "" {
		one, err = s.Sessions.WithSecret(w, r, secret)
	} else {
		one, err = s.Sessions.WithPassword(w, r, r.PostFormValue("email"), r.PostFormValue("password"))
	}
	if err != nil {
		s.writeSignIn(w, r, ask.StatusOf(err), refusal(err))
		return
	}
	if old != nil && old != one {
		s.Sessions.Forget(old)
	}
	http.Redirect(w, r, next(r.PostFormValue("next")), http.StatusSeeOther) //nolint:gosec // G710: next returns paths below the console only
}

// refusal tells why a person could not sign in, without telling which part was wrong.
func refusal(err error) string {
	switch ask.CodeOf(err) {
	case "NO_OPERATORS":
		return "No operator is configured here: start the process with AMENDS_OPERATOR_TOKENS, or sign in with an account."
	case "SCOPE_MISSING":
		return "This account is a customer's. Only accounts with the role support or operator may sign in."
	case "UNAVAILABLE", ask.Missing:
		return "Accounts cannot be checked right now. The token of an operator works without them."
	case "RATE_LIMITED", "TOO_MANY_REQUESTS":
		return "That was too often. Wait for a minute, then try once more."
	default:
		return "That is not right. Check it, and try once more."
	}
}

// SignOut ends the session of a visit.
func SignOut(v *Visit) error {
	v.Sessions.End(v.W, v.R, v.Who)
	return v.SeeOther("/sign-in")
}
