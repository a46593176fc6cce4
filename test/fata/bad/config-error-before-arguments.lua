-- args: --contnt=dir -t nowhere2
return unikernel "x" { htpp {} }
