// Package account has the pages of accounts and their sessions.
package account

import (
	"net/http"
	"net/url"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/look"
	"github.com/amends/amends/web/shop/ask"
	"github.com/amends/amends/web/shop/visit"
)

// Routes are the pages.
var Routes = []visit.Route{
	{Method: "GET", Path: "/sign-in", Handler: signInPage},
	{Method: "POST", Path: "/sign-in", Handler: signIn},
	{Method: "POST", Path: "/sign-out", Handler: signOut},
	{Method: "GET", Path: "/register", Handler: registerPage},
	{Method: "POST", Path: "/register", Handler: register},
	{Method: "GET", Path: "/verify", Handler: verifyPage},
	{Method: "POST", Path: "/verify", Handler: verify},
	{Method: "GET", Path: "/forgot", Handler: forgotPage},
	{Method: "POST", Path: "/forgot", Handler: forgot},
	{Method: "GET", Path: "/reset", Handler: resetPage},
	{Method: "POST", Path: "/reset", Handler: reset},
}

func email(v *visit.Visit) visit.Field {
	return visit.Field{Name: "email", Label: v.Words.Text("email"), Type: "email", Complete: "email"}
}

func password(v *visit.Visit, complete string) visit.Field {
	f := visit.Field{Name: "password", Label: v.Words.Text("password"), Type: "password", Complete: complete}
	if complete == "new-password" {
		f.Hint = v.Words.Text("password.hint")
	}
	return f
}

func code(v *visit.Visit) visit.Field {
	return visit.Field{Name: "token", Label: v.Words.Text("code"), Type: "text", Complete: "one-time-code", Value: v.R.URL.Query().Get("token"), Hint: v.Words.Text("code.hint")}
}

func signInEntry(v *visit.Visit) visit.Entry {
	next := look.Local(v.R.FormValue("next"), "", "/")
	to := "?" + url.Values{"next": {next}}.Encode()
	e := visit.Entry{
		Title: v.Words.Text("sign-in"), Submit: v.Words.Text("sign-in"), Action: "/sign-in", Hidden: map[string]string{"next": next},
		Fields: []visit.Field{email(v), password(v, "current-password")},
		Links:  []visit.Link{{Path: "/register" + to, Text: v.Words.Text("register")}, {Path: "/forgot", Text: v.Words.Text("forgot")}},
	}
	switch q := v.R.URL.Query(); {
	case q.Get("ended") != "":
		e.Lead = v.Words.Text("sign-in.ended")
	case q.Get("verified") != "":
		e.Lead = v.Words.Text("sign-in.verified")
	case q.Get("reset") != "":
		e.Lead = v.Words.Text("sign-in.reset")
	}
	return e
}

func signInPage(v *visit.Visit) error {
	e := signInEntry(v)
	return v.Show(http.StatusOK, "form", e.Title, e)
}

// signIn opens a session, whose cookies the API sets.
func signIn(v *visit.Visit) error {
	e := signInEntry(v)
	_, _, err := ask.Read[client.Tokens](v.API().LogIn(v.R.Context(), client.LogIn{
		Email: v.Form("email"), Password: v.R.PostFormValue("password"), Cookies: true, Device: new(v.Words.Text("device")),
	}))
	if err != nil {
		return v.Again(e, err)
	}
	return v.Redirect(e.Hidden["next"])
}

// signOut ends the session.
func signOut(v *visit.Visit) error {
	if _, _, err := ask.Read[struct{}](v.API().LogOut(v.R.Context(), "current")); err != nil && ask.StatusOf(err) != http.StatusUnauthorized {
		return err
	}
	v.Forget()
	return v.Redirect("/")
}

func registerEntry(v *visit.Visit) visit.Entry {
	return visit.Entry{
		Title: v.Words.Text("register"), Lead: v.Words.Text("register.lead"), Submit: v.Words.Text("register"), Action: "/register",
		Fields: []visit.Field{{Name: "name", Label: v.Words.Text("name"), Type: "text", Complete: "name"}, email(v)},
		Links:  []visit.Link{{Path: "/sign-in", Text: v.Words.Text("sign-in")}, {Path: "/verify", Text: v.Words.Text("verify.have")}},
	}
}

func registerPage(v *visit.Visit) error {
	e := registerEntry(v)
	return v.Show(http.StatusOK, "form", e.Title, e)
}

// register asks for an account; the code of the mail is the next step.
func register(v *visit.Visit) error {
	_, _, err := ask.Read[struct{}](v.API().RegisterAccount(v.R.Context(), client.Registration{
		Email: v.Form("email"), Name: v.Form("name"), Locale: &v.Words.Lang,
	}))
	if err != nil {
		return v.Again(registerEntry(v), err)
	}
	return v.Redirect("/verify?sent=yes")
}

func verifyEntry(v *visit.Visit) visit.Entry {
	e := visit.Entry{
		Title: v.Words.Text("verify"), Submit: v.Words.Text("verify"), Action: "/verify",
		Fields: []visit.Field{code(v), password(v, "new-password")},
		Links:  []visit.Link{{Path: "/register", Text: v.Words.Text("verify.again")}},
	}
	if v.R.URL.Query().Get("sent") != "" {
		e.Lead = v.Words.Text("verify.sent")
	}
	return e
}

func verifyPage(v *visit.Visit) error {
	e := verifyEntry(v)
	return v.Show(http.StatusOK, "form", e.Title, e)
}

// verify makes the account, with its password.
func verify(v *visit.Visit) error {
	_, _, err := ask.Read[client.Confirmed](v.API().ConfirmMail(v.R.Context(), client.MailToken{
		Token: v.Form("token"), Password: new(v.R.PostFormValue("password")),
	}))
	if err != nil {
		return v.Again(verifyEntry(v), err)
	}
	return v.Redirect("/sign-in?verified=yes")
}

func forgotEntry(v *visit.Visit) visit.Entry {
	return visit.Entry{
		Title: v.Words.Text("forgot"), Lead: v.Words.Text("forgot.lead"), Submit: v.Words.Text("forgot.send"), Action: "/forgot",
		Fields: []visit.Field{email(v)}, Links: []visit.Link{{Path: "/sign-in", Text: v.Words.Text("sign-in")}},
	}
}

func forgotPage(v *visit.Visit) error {
	e := forgotEntry(v)
	return v.Show(http.StatusOK, "form", e.Title, e)
}

// forgot has the API send a code for a new password.
func forgot(v *visit.Visit) error {
	_, _, err := ask.Read[struct{}](v.API().AskPasswordReset(v.R.Context(), client.AskPasswordReset{Email: v.Form("email")}))
	if err != nil {
		return v.Again(forgotEntry(v), err)
	}
	return v.Redirect("/reset?sent=yes")
}

func resetEntry(v *visit.Visit) visit.Entry {
	e := visit.Entry{
		Title: v.Words.Text("reset"), Submit: v.Words.Text("reset"), Action: "/reset",
		Fields: []visit.Field{code(v), password(v, "new-password")}, Links: []visit.Link{{Path: "/forgot", Text: v.Words.Text("verify.again")}},
	}
	if v.R.URL.Query().Get("sent") != "" {
		e.Lead = v.Words.Text("reset.sent")
	}
	return e
}

func resetPage(v *visit.Visit) error {
	e := resetEntry(v)
	return v.Show(http.StatusOK, "form", e.Title, e)
}

// reset sets a new password.
func reset(v *visit.Visit) error {
	_, _, err := ask.Read[struct{}](v.API().ResetPassword(v.R.Context(), v.Form("token"), client.ResetPassword{
		Password: v.R.PostFormValue("password"),
	}))
	if err != nil {
		return v.Again(resetEntry(v), err)
	}
	return v.Redirect("/sign-in?reset=yes")
}
