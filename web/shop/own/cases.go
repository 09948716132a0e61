package own

import (
	"net/http"

	"github.com/amends/amends/api/client"
	"github.com/amends/amends/web/shop/ask"
	"github.com/amends/amends/web/shop/cookie"
	"github.com/amends/amends/web/shop/visit"
)

// talk is the content of a case's page.
type talk struct {
	client.Case

	Order string
	Key   string // of the next message
	Entry visit.Entry
}

// Said returns the messages of the case.
func (t talk) Said() []client.CaseMessage {
	if t.Messages == nil {
		return nil
	}
	return *t.Messages
}

func caseEntry(v *visit.Visit) visit.Entry {
	return visit.Entry{
		Submit: v.Words.Text("case.send"), Action: "/orders/" + v.R.PathValue("id") + "/cases",
		Fields: []visit.Field{
			{Name: "subject", Label: v.Words.Text("case.subject"), Type: "text"},
			{Name: "text", Label: v.Words.Text("case.text"), Type: "area"},
		},
	}
}

// openCase asks support about an order.
func openCase(v *visit.Visit) error {
	id := v.R.PathValue("id")
	c, _, err := ask.Read[client.Case](v.API().OpenCase(v.R.Context(), id, &client.OpenCaseParams{IdempotencyKey: v.Form("key")},
		client.OpenCase{Subject: v.Form("subject"), Text: v.Form("text")}))
	if err == nil {
		return v.Redirect("/orders/" + id + "/cases/" + c.Id)
	}
	switch status := ask.StatusOf(err); status {
	case http.StatusUnprocessableEntity, http.StatusConflict, http.StatusServiceUnavailable:
		return showOrder(v, status, caseEntry(v).Filled(v, err))
	default:
		return err
	}
}

func answerEntry(v *visit.Visit) visit.Entry {
	return visit.Entry{
		Submit: v.Words.Text("case.send"), Action: v.R.URL.Path,
		Fields: []visit.Field{{Name: "text", Label: v.Words.Text("case.answer"), Type: "area"}},
	}
}

// casePage shows a case with its messages.
func casePage(v *visit.Visit) error { return showCase(v, http.StatusOK, answerEntry(v)) }

func showCase(v *visit.Visit, status int, e visit.Entry) error {
	id := v.R.PathValue("id")
	c, _, err := ask.Read[client.Case](v.API().GetOrderCase(v.R.Context(), id, v.R.PathValue("case")))
	if err != nil {
		return err
	}
	return v.Show(status, "case", c.Subject, talk{c, id, cookie.NewKey(), e})
}

// changeCase writes another message, or closes the case.
func changeCase(v *visit.Visit) error {
	id, about := v.R.PathValue("id"), v.R.PathValue("case")
	var err error
	if v.Form("op") == "close" {
		_, _, err = ask.Read[client.Case](v.API().CloseOrderCase(v.R.Context(), id, about,
			&client.CloseOrderCaseParams{IdempotencyKey: v.Form("key")}, client.CloseCase{}))
	} else {
		_, _, err = ask.Read[client.Case](v.API().AnswerOrderCase(v.R.Context(), id, about,
			&client.AnswerOrderCaseParams{IdempotencyKey: v.Form("key")}, client.AnswerCase{Text: v.Form("text")}))
	}
	if err == nil {
		return v.Redirect(v.R.URL.Path)
	}
	switch status := ask.StatusOf(err); status {
	case http.StatusUnprocessableEntity, http.StatusConflict, http.StatusServiceUnavailable:
		return showCase(v, status, answerEntry(v).Filled(v, err))
	default:
		return err
	}
}
