package transfer_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"example.org/sagas/transfer"
	"github.com/stretchr/testify/require"
	"go.temporal.io/sdk/workflow"

	"github.com/amends/amends/saga"
	"github.com/amends/amends/saga/sagatest"
)

// No schedule of one fault loses or doubles a cent.
func TestNoFaultLosesMoney(t *testing.T) {
	t.Parallel()
	report, err := sagatest.Explorer{
		New:    func() (sagatest.Subject, error) { return &world{setup(t)}, nil },
		SagaID: "t1", Refusable: []string{"bank.deposit"}, Faults: 1,
	}.Run(t.Context())
	require.NoError(t, err)
	require.Nil(t, report.Failure, "%v", report.Failure)
	t.Log(report)
}

// world is the two banks under exploration.
type world struct{ testBundle }

func (w *world) Register(r *sagatest.Registry) {
	w.sender.BindSender(r)
	w.receiver.BindReceiver(r)
	r.RegisterWorkflowWithOptions(transfer.Move, workflow.RegisterOptions{Name: "Move"})
}

func (*world) Start(_, _ time.Time) (workflow string, input any) {
	return "Move", transfer.Transfer{ID: "t1", From: "ada", To: "bo", Cents: 60}
}

func (w *world) Reset(context.Context) error {
	const reset = "DELETE FROM barrier; DELETE FROM receipt; UPDATE account SET "
	return errors.Join(w.sender.DB.Exec(reset+"cents = 100").Error, w.receiver.DB.Exec(reset+"id = 'bo', cents = 0").Error)
}

// Refuse closes Bo's account.
func (w *world) Refuse(context.Context, string) (bool, error) {
	return true, w.receiver.DB.Exec("UPDATE account SET id = 'closed'").Error
}

func (w *world) Check(_ context.Context, end sagatest.End) error {
	var v saga.View
	var ada, bo, receipts int64
	err := errors.Join(end.Result(&v), w.sender.DB.Raw("SELECT cents FROM account").Scan(&ada).Error,
		w.receiver.DB.Raw("SELECT cents FROM account").Scan(&bo).Error, w.sender.DB.Raw("SELECT count(*) FROM receipt").Scan(&receipts).Error)
	if got := fmt.Sprintf("%s %d %d %d", v.Phase, ada, bo, receipts); err == nil && got != "committed 40 60 1" && got != "aborted 100 0 0" {
		err = errors.New("the books say " + got)
	}
	return err
}
