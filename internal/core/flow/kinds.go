package flow

import "muster/internal/core/fault"

// The kinds of event.
const (
	EvRunStarted       Kind = "run_started"
	EvRunOpened        Kind = "run_opened"
	EvSlotWanted       Kind = "slot_wanted"
	EvSlotReleased     Kind = "slot_released"
	EvTaskSettled      Kind = "task_settled"
	EvTaskRevived      Kind = "task_revived"
	EvPauseRequested   Kind = "pause_requested"
	EvStopRequested    Kind = "stop_requested"
	EvResumeRequested  Kind = "resume_requested"
	EvTargetAdvanced   Kind = "target_advanced"
	EvTaskStarted      Kind = "task_started"
	EvSlotGranted      Kind = "slot_granted"
	EvHaltRequested    Kind = "halt_requested"
	EvWorktreePrepared Kind = "worktree_prepared"
	EvSetUpFailed      Kind = "setup_failed"
	EvSetUpStopped     Kind = "setup_stopped"
	EvRoomLacked       Kind = "room_lacked"
	EvRoomWanted       Kind = "room_wanted"
	EvRoomMeasured     Kind = "room_measured"
	EvWorktreeReleased Kind = "worktree_released"
	EvAttemptEnded     Kind = "attempt_ended"
	EvAttemptStopped   Kind = "attempt_stopped"
	EvChangeCaptured   Kind = "change_captured"
	EvEvidenceRecorded Kind = "evidence_recorded"
	EvVerdictGiven     Kind = "verdict_given"
	EvApproved         Kind = "approved"
	EvRejected         Kind = "rejected"
	EvRetryRequested   Kind = "retry_requested"
	EvWaitOver         Kind = "wait_over"
	EvCommandFailed    Kind = "command_failed"
	EvQueueStarted     Kind = "queue_started"
	EvChangeQueued     Kind = "change_queued"
	EvChangeWithdrawn  Kind = "change_withdrawn"
	EvSyncRequested    Kind = "sync_requested"
	EvSynced           Kind = "synced"
	EvQueueResumed     Kind = "queue_resumed"
	EvChangeMerged     Kind = "change_merged"
	EvHeadMoved        Kind = "head_moved"
	EvChangeLanded     Kind = "change_landed"
	EvChangeReturned   Kind = "change_returned"
	EvQueueClosed      Kind = "queue_closed"
	EvTaskClosed       Kind = "task_closed"
	EvTestsTried       Kind = "tests_tried"
)

// Kind names the event.
func (RunStarted) Kind() Kind { return EvRunStarted }

// Kind names the event.
func (RunOpened) Kind() Kind { return EvRunOpened }

// Kind names the event.
func (SlotWanted) Kind() Kind { return EvSlotWanted }

// Kind names the event.
func (SlotReleased) Kind() Kind { return EvSlotReleased }

// Kind names the event.
func (TaskSettled) Kind() Kind { return EvTaskSettled }

// Kind names the event.
func (TaskRevived) Kind() Kind { return EvTaskRevived }

// Kind names the event.
func (PauseRequested) Kind() Kind { return EvPauseRequested }

// Kind names the event.
func (StopRequested) Kind() Kind { return EvStopRequested }

// Kind names the event.
func (ResumeRequested) Kind() Kind { return EvResumeRequested }

// Kind names the event.
func (TargetAdvanced) Kind() Kind { return EvTargetAdvanced }

// Kind names the event.
func (TaskStarted) Kind() Kind { return EvTaskStarted }

// Kind names the event.
func (SlotGranted) Kind() Kind { return EvSlotGranted }

// Kind names the event.
func (HaltRequested) Kind() Kind { return EvHaltRequested }

// Kind names the event.
func (WorktreePrepared) Kind() Kind { return EvWorktreePrepared }

// Kind names the event.
func (SetUpFailed) Kind() Kind { return EvSetUpFailed }

// Kind names the event.
func (SetUpStopped) Kind() Kind { return EvSetUpStopped }

// Kind names the event.
func (RoomLacked) Kind() Kind { return EvRoomLacked }

// Kind names the event.
func (RoomWanted) Kind() Kind { return EvRoomWanted }

// Kind names the event.
func (RoomMeasured) Kind() Kind { return EvRoomMeasured }

// Kind names the event.
func (WorktreeReleased) Kind() Kind { return EvWorktreeReleased }

// Kind names the event.
func (AttemptEnded) Kind() Kind { return EvAttemptEnded }

// Kind names the event.
func (AttemptStopped) Kind() Kind { return EvAttemptStopped }

// Kind names the event.
func (ChangeCaptured) Kind() Kind { return EvChangeCaptured }

// Kind names the event.
func (EvidenceRecorded) Kind() Kind { return EvEvidenceRecorded }

// Kind names the event.
func (VerdictGiven) Kind() Kind { return EvVerdictGiven }

// Kind names the event.
func (Approved) Kind() Kind { return EvApproved }

// Kind names the event.
func (Rejected) Kind() Kind { return EvRejected }

// Kind names the event.
func (RetryRequested) Kind() Kind { return EvRetryRequested }

// Kind names the event.
func (WaitOver) Kind() Kind { return EvWaitOver }

// Kind names the event.
func (CommandFailed) Kind() Kind { return EvCommandFailed }

// Kind names the event.
func (QueueStarted) Kind() Kind { return EvQueueStarted }

// Kind names the event.
func (ChangeQueued) Kind() Kind { return EvChangeQueued }

// Kind names the event.
func (ChangeWithdrawn) Kind() Kind { return EvChangeWithdrawn }

// Kind names the event.
func (SyncRequested) Kind() Kind { return EvSyncRequested }

// Kind names the event.
func (Synced) Kind() Kind { return EvSynced }

// Kind names the event.
func (QueueResumed) Kind() Kind { return EvQueueResumed }

// Kind names the event.
func (ChangeMerged) Kind() Kind { return EvChangeMerged }

// Kind names the event.
func (HeadMoved) Kind() Kind { return EvHeadMoved }

// Kind names the event.
func (ChangeLanded) Kind() Kind { return EvChangeLanded }

// Kind names the event.
func (ChangeReturned) Kind() Kind { return EvChangeReturned }

// Kind names the event.
func (QueueClosed) Kind() Kind { return EvQueueClosed }

// Kind names the event.
func (TaskClosed) Kind() Kind { return EvTaskClosed }

// Kind names the event.
func (TestsTried) Kind() Kind { return EvTestsTried }

// decoders holds one reader for each kind. It is a function, not a variable,
// so that nothing can change it.
func decoders(k Kind) func([]byte) (Payload, error) {
	switch k {
	case EvRunStarted:
		return payload[RunStarted]
	case EvRunOpened:
		return payload[RunOpened]
	case EvSlotWanted:
		return payload[SlotWanted]
	case EvSlotReleased:
		return payload[SlotReleased]
	case EvTaskSettled:
		return payload[TaskSettled]
	case EvTaskRevived:
		return payload[TaskRevived]
	case EvPauseRequested:
		return payload[PauseRequested]
	case EvStopRequested:
		return payload[StopRequested]
	case EvResumeRequested:
		return payload[ResumeRequested]
	case EvTargetAdvanced:
		return payload[TargetAdvanced]
	case EvTaskStarted:
		return payload[TaskStarted]
	case EvSlotGranted:
		return payload[SlotGranted]
	case EvHaltRequested:
		return payload[HaltRequested]
	case EvWorktreePrepared:
		return payload[WorktreePrepared]
	case EvWorktreeReleased:
		return payload[WorktreeReleased]
	case EvAttemptEnded:
		return payload[AttemptEnded]
	case EvAttemptStopped:
		return payload[AttemptStopped]
	case EvChangeCaptured:
		return payload[ChangeCaptured]
	case EvEvidenceRecorded:
		return payload[EvidenceRecorded]
	case EvVerdictGiven:
		return payload[VerdictGiven]
	case EvWaitOver:
		return payload[WaitOver]
	case EvCommandFailed:
		return payload[CommandFailed]
	case EvSetUpFailed, EvSetUpStopped, EvRoomLacked, EvRoomWanted, EvRoomMeasured:
		return roomDecoders(k)
	default:
		return otherDecoders(k)
	}
}

// roomDecoders holds those of what an attempt finds before it begins.
func roomDecoders(k Kind) func([]byte) (Payload, error) {
	switch k {
	case EvSetUpFailed:
		return payload[SetUpFailed]
	case EvSetUpStopped:
		return payload[SetUpStopped]
	case EvRoomLacked:
		return payload[RoomLacked]
	case EvRoomWanted:
		return payload[RoomWanted]
	case EvRoomMeasured:
		return payload[RoomMeasured]
	default:
		return nil
	}
}

// otherDecoders holds those of what people say, of queues and of tests.
func otherDecoders(k Kind) func([]byte) (Payload, error) {
	switch k {
	case EvApproved:
		return payload[Approved]
	case EvRejected:
		return payload[Rejected]
	case EvRetryRequested:
		return payload[RetryRequested]
	case EvQueueStarted:
		return payload[QueueStarted]
	case EvChangeQueued:
		return payload[ChangeQueued]
	case EvChangeWithdrawn:
		return payload[ChangeWithdrawn]
	case EvSyncRequested:
		return payload[SyncRequested]
	case EvSynced:
		return payload[Synced]
	case EvQueueResumed:
		return payload[QueueResumed]
	case EvChangeMerged:
		return payload[ChangeMerged]
	case EvHeadMoved:
		return payload[HeadMoved]
	case EvChangeLanded:
		return payload[ChangeLanded]
	case EvChangeReturned:
		return payload[ChangeReturned]
	case EvQueueClosed:
		return payload[QueueClosed]
	case EvTaskClosed:
		return payload[TaskClosed]
	case EvTestsTried:
		return payload[TestsTried]
	default:
		return ofHand(k)
	}
}

func payload[T Payload](data []byte) (Payload, error) { return decode[T](data) }

// DecodePayload reads a payload back from the ledger or the inbox.
func DecodePayload(k Kind, data []byte) (Payload, error) {
	f := decoders(k)
	if f == nil {
		return nil, fault.New(fault.Invalid, "unknown event %q: it was written by a newer version", k)
	}
	return f(data)
}

// FromPeople reports whether people may send the event through the inbox. All
// others come from machines and commands only.
func FromPeople(k Kind) bool {
	switch k {
	case EvRunStarted, EvStopRequested, EvResumeRequested, EvApproved, EvRejected, EvRetryRequested,
		EvMessageLeft, EvTakeoverRequested, EvWorkGiven:
		return true
	default:
		return false
	}
}
