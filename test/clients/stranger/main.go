// Asks who leads a pool, and then follows it, with code that was made from the published proto files
// alone. It prints one line an answer: "asked LEADER EPOCH", then "heard LEADER EPOCH" for each
// change.
package main

import (
	"context"
	"fmt"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"stranger/zenleadv1"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, ca, namespace, pool string) error {
	secure, err := credentials.NewClientTLSFromFile(ca, "")
	if err != nil {
		return err
	}
	connection, err := grpc.NewClient(address, grpc.WithTransportCredentials(secure))
	if err != nil {
		return err
	}
	defer connection.Close()
	leaders := zenleadv1.NewLeaderServiceClient(connection)
	asked, err := leaders.GetLeader(context.Background(), &zenleadv1.GetLeaderRequest{Namespace: namespace, Pool: pool})
	if err != nil {
		return err
	}
	tell("asked", asked.GetLeaderPool())
	watched := &zenleadv1.WatchLeadersRequest_Pool{Namespace: namespace, Pool: pool}
	stream, err := leaders.WatchLeaders(context.Background(), &zenleadv1.WatchLeadersRequest{
		Pools: []*zenleadv1.WatchLeadersRequest_Pool{watched},
	})
	if err != nil {
		return err
	}
	for {
		heard, err := stream.Recv()
		if err != nil {
			return err
		}
		if found := heard.GetLeaderPool(); found != nil {
			tell("heard", found)
		}
	}
}

func tell(how string, pool *zenleadv1.LeaderPool) {
	fmt.Println(how, pool.GetLeader().GetName(), pool.GetEpoch())
}
