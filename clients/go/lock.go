// Package zenlead takes locks of the zen-lead api over gRPC.
//
// It counts validity on the monotonic clock, from before each request was sent. The context of the
// work is cancelled before that time is over, and as soon as the grant is known to be lost. A
// request whose answer is lost is sent again with the same id, which gets the same grant.
//
// It does not guarantee that work stops in time: a paused process notices nothing. Hand the token
// to the resource with each write, and have it refuse a smaller one than it has seen.
package zenlead

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"zen-lead.io/clients/go/zenleadv1"
)

// ErrLost says that the grant was lost, or that its time was over, while the work ran.
var ErrLost = errors.New("zenlead: the lock was lost")

const (
	defaultTTL = 30 * time.Second
	// The work has this long to stop before the grant ends.
	margin = time.Second
	// Between attempts while the api gives no answer.
	retryAfter = 250 * time.Millisecond
	// The api answers a renewal within milliseconds; a replica that hangs must not cost the lock.
	renewalTimeout = 2 * time.Second
	longestWait    = 600 * time.Second
)

// LockOptions says which lock is asked for, by whom, and for how long.
type LockOptions struct {
	Namespace string
	Name      string
	// Holder says who asks, for people: a pod name for instance.
	Holder string
	// TTL is how long the grant lasts without a renewal: whole seconds, 5 s to 1 h. Zero stands for 30 s.
	TTL time.Duration
	// Wait is how long to wait for the grant. Zero asks once.
	Wait time.Duration
	// LockDelay is how long the lock stays closed after the grant has expired, up to 60 s.
	LockDelay time.Duration
	// OnPlace is called with the place in the queue, from 1, as it changes.
	OnPlace func(position uint32)
}

// LockClient takes locks.
type LockClient struct {
	stub zenleadv1.LockServiceClient
}

// NewLockClient returns a client on a connection, which stays the caller's to close. Credentials
// that send the token of a service account belong to the connection.
func NewLockClient(connection grpc.ClientConnInterface) *LockClient {
	return &LockClient{stub: zenleadv1.NewLockServiceClient(connection)}
}

type grant struct {
	id      string
	token   uint64
	validTo time.Time
}

// WithLock waits for the lock, runs work while it is held, and gives it back. It returns a status
// Aborted where the lock was not granted in time, and ErrLost where it was lost while work ran.
func (c *LockClient) WithLock(
	ctx context.Context,
	options LockOptions,
	work func(ctx context.Context, token uint64) error,
) error {
	if options.TTL == 0 {
		options.TTL = defaultTTL
	}
	held, err := c.acquire(ctx, options)
	if err != nil {
		return err
	}
	working, cancel := context.WithCancelCause(ctx)
	keeping := make(chan struct{})
	go func() {
		defer close(keeping)
		c.keep(working, options, held, cancel)
	}()
	err = work(working, held.token)
	isLost := errors.Is(context.Cause(working), ErrLost)
	cancel(nil)
	<-keeping
	if isLost {
		return errors.Join(ErrLost, err)
	}
	// What cannot be given back expires.
	releasing, stop := context.WithTimeout(context.WithoutCancel(ctx), renewalTimeout)
	defer stop()
	_, _ = c.stub.Release(releasing, &zenleadv1.ReleaseRequest{
		Namespace: options.Namespace, Name: options.Name, GrantId: held.id, Token: held.token,
	})
	return err
}

func (c *LockClient) acquire(ctx context.Context, options LockOptions) (grant, error) {
	id, err := newRequestID()
	if err != nil {
		return grant{}, err
	}
	until := time.Now().Add(options.Wait)
	for {
		held, err := c.ask(ctx, options, id, max(0, time.Until(until)))
		if err == nil {
			return held, nil
		}
		if ctx.Err() != nil {
			return grant{}, context.Cause(ctx)
		}
		left := time.Until(until)
		if !isPassing(err) || left <= 0 {
			return grant{}, err
		}
		select {
		case <-ctx.Done():
		case <-time.After(min(retryAfter, left)):
		}
	}
}

// ask opens one stream, and follows it to the grant.
func (c *LockClient) ask(ctx context.Context, options LockOptions, id string, wait time.Duration) (grant, error) {
	asking, stop := context.WithCancel(ctx)
	defer stop()
	ttl := seconds(options.TTL)
	waitSeconds := seconds(min(wait, longestWait))
	delay := seconds(options.LockDelay)
	sentAt := time.Now()
	stream, err := c.stub.Acquire(asking, &zenleadv1.AcquireRequest{
		Namespace: options.Namespace, Name: options.Name, RequestId: id, Holder: options.Holder,
		TtlSeconds: &ttl, WaitSeconds: &waitSeconds, LockDelaySeconds: &delay,
	})
	if err != nil {
		return grant{}, err
	}
	for {
		answer, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return grant{}, status.Error(codes.Unavailable, "the stream ended without a grant")
		}
		if err != nil {
			return grant{}, err
		}
		if waiting := answer.GetWaiting(); waiting != nil && options.OnPlace != nil {
			options.OnPlace(waiting.GetPosition())
		}
		if given := answer.GetGrant(); given != nil {
			validFor := time.Duration(given.GetValidForMs()) * time.Millisecond
			return grant{id: given.GetGrantId(), token: given.GetToken(), validTo: sentAt.Add(validFor)}, nil
		}
	}
}

// keep renews until ctx ends, and cancels the work where the grant is lost or its time is over.
func (c *LockClient) keep(ctx context.Context, options LockOptions, held grant, cancel context.CancelCauseFunc) {
	every := options.TTL / 3
	next := min(every, max(0, time.Until(held.validTo)-margin)/2)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(max(0, min(next, time.Until(held.validTo)-margin))):
		}
		sentAt := time.Now()
		left := held.validTo.Sub(sentAt) - margin
		if left <= 0 {
			cancel(ErrLost)
			return
		}
		renewing, stop := context.WithTimeout(ctx, min(renewalTimeout, left))
		answer, err := c.stub.Renew(renewing, &zenleadv1.RenewRequest{
			Namespace: options.Namespace, Name: options.Name, GrantId: held.id, Token: held.token,
		})
		stop()
		switch {
		case err == nil:
			validTo := sentAt.Add(time.Duration(answer.GetValidForMs()) * time.Millisecond)
			if validTo.After(held.validTo) {
				held.validTo = validTo
			}
			next = every
		case status.Code(err) == codes.FailedPrecondition:
			cancel(ErrLost)
			return
		default:
			next = retryAfter
		}
	}
}

// isPassing is true for what the same request may be sent again after.
func isPassing(err error) bool {
	switch status.Code(err) {
	case codes.Aborted, codes.ResourceExhausted, codes.Unavailable, codes.Internal, codes.Unknown:
		return true
	default:
		return false
	}
}

func seconds(duration time.Duration) uint32 {
	return uint32((duration + time.Second - 1) / time.Second)
}

func newRequestID() (string, error) {
	id := make([]byte, 16)
	if _, err := rand.Read(id); err != nil {
		return "", err
	}
	return hex.EncodeToString(id), nil
}
