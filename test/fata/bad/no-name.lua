return unikernel { }
