return unikernel "My Site" { }
